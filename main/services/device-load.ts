// How busy the devices are. The processor's load is the system's own count; devices whose load nothing tells say so.
import { cpus, freemem, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeviceReport } from '../api/net-description.ts';
import type { DeviceLoad } from '../api/operations/devices.ts';

const everyMs = 1000;
const firstMs = 200;

interface Times {
  busy: number;
  all: number;
}

function readTimes(): Times {
  let busy = 0;
  let all = 0;
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.irq + times.idle;
    all += sum;
    busy += sum - times.idle;
  }
  return { busy, all };
}

export async function* watchDeviceLoad(
  devices: () => readonly DeviceReport[],
  signal: AbortSignal,
): AsyncGenerator<DeviceLoad[]> {
  let before = readTimes();
  // A load is a share of a time: the first is that of a moment.
  await sleep(firstMs, undefined, { signal }).catch(() => {});
  while (!signal.aborted) {
    const now = readTimes();
    const span = now.all - before.all;
    const utilisation = span <= 0 ? null : (now.busy - before.busy) / span;
    before = now;
    yield devices()
      .filter(({ usable }) => usable)
      .map(({ id, memoryBytes, freeBytes }) =>
        id === 'cpu'
          ? { id, utilisation, memoryUsedBytes: totalmem() - freemem(), memoryBytes: totalmem() }
          : {
              id,
              utilisation: null,
              memoryUsedBytes: freeBytes < 0 ? null : memoryBytes - freeBytes,
              memoryBytes,
            },
      );
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
}
