// How busy the devices are: the processor by the system's own count, GPUs by their driver's.
import { cpus, freemem, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { toErrorReport } from '../api/errors.ts';
import type { DeviceReport } from '../api/net-description.ts';
import type { DeviceLoad } from '../api/operations/devices.ts';
import type { GpuLoad } from '../engine/addon.ts';

const everyMs = 1000;
const firstMs = 200;
/** Readings are milliseconds; who waits longer hears that the driver is silent. */
const patienceMs = 2000;

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

export interface DeviceLoadsOptions {
  devices: () => readonly DeviceReport[];
  readGpus: () => Promise<GpuLoad[]>;
  patienceMs?: number;
}

/** However many screens watch, the driver is asked once at a time. */
export class DeviceLoads {
  readonly #devices: () => readonly DeviceReport[];
  readonly #readGpus: () => Promise<GpuLoad[]>;
  readonly #patienceMs: number;
  #asked: Promise<GpuLoad[]> | undefined;

  constructor(options: DeviceLoadsOptions) {
    this.#devices = options.devices;
    this.#readGpus = options.readGpus;
    this.#patienceMs = options.patienceMs ?? patienceMs;
  }

  /** All usable devices once a second. */
  async *watch(signal: AbortSignal): AsyncGenerator<DeviceLoad[]> {
    // Once: finding them opens every library that they need, on this thread.
    const devices = this.#devices().filter(({ usable }) => usable);
    const hasGpus = devices.some(({ id }) => id !== 'cpu');
    let before = readTimes();
    // A load is a share of a time: the first is that of a moment.
    await sleep(firstMs, undefined, { signal }).catch(() => {});
    while (!signal.aborted) {
      const gpus = hasGpus ? await this.#gpus() : [];
      const now = readTimes();
      const span = now.all - before.all;
      const utilisation = span <= 0 ? null : (now.busy - before.busy) / span;
      before = now;
      yield devices.map(({ id, memoryBytes }) => {
        if (id !== 'cpu') return gpuLoad(id, memoryBytes, gpus);
        const memoryUsedBytes = totalmem() - freemem();
        return { id, utilisation, memoryUsedBytes, memoryBytes: totalmem(), reason: '' };
      });
      await sleep(everyMs, undefined, { signal }).catch(() => {});
    }
  }

  /** What the driver says, or why it says nothing. */
  async #gpus(): Promise<GpuLoad[] | string> {
    this.#asked ??= this.#readGpus().finally(() => {
      this.#asked = undefined;
    });
    const waited = new AbortController();
    const silent = sleep(this.#patienceMs, 'load and memory are not known: the driver does not answer', {
      signal: waited.signal,
    });
    try {
      return await Promise.race([this.#asked, silent]);
    } catch (error) {
      return `load and memory are not known: ${toErrorReport(error).message}`;
    } finally {
      waited.abort();
      silent.catch(() => {});
    }
  }
}

function gpuLoad(id: string, memoryBytes: number, gpus: GpuLoad[] | string): DeviceLoad {
  const unknown = { id, utilisation: null, memoryUsedBytes: null, memoryBytes };
  if (typeof gpus === 'string') return { ...unknown, reason: gpus };
  const found = gpus.find((one) => one.id === id);
  if (found === undefined)
    return { ...unknown, reason: 'load and memory are not known: the driver lists no such GPU' };
  const { utilisationPercent, memoryUsedBytes, reason } = found;
  return {
    id,
    utilisation: utilisationPercent === null ? null : utilisationPercent / 100,
    memoryUsedBytes,
    memoryBytes: found.memoryBytes ?? memoryBytes,
    reason,
  };
}
