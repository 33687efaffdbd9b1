// What can compute here, and why what cannot, cannot.
import { AppError } from '../api/errors.ts';
import type { DeviceReport } from '../api/net-description.ts';
import type { RunConfig } from '../api/run-config.ts';
import type { Addon } from '../engine/addon.ts';

type Placement = Pick<RunConfig, 'devices' | 'parallelism' | 'precision'>;

/** Whether replicas are on several GPUs, which then add up their gradients over them. */
function sumsOverGpus({ devices, parallelism }: Placement): boolean {
  if (parallelism === 'columns') return false;
  // In pairs each column's replicas add up theirs by themselves.
  const step = parallelism === 'pairs' ? 2 : 1;
  const groups = [...new Array(step).keys()].map((column) => devices.filter((_, i) => i % step === column));
  return groups.some((group) => new Set(group).size > 1);
}

export class DeviceService {
  readonly #addon: () => Addon;

  constructor(addon: () => Addon) {
    this.#addon = addon;
  }

  list(): DeviceReport[] {
    return this.#addon().listDevices();
  }

  /** Where a run is put that nobody placed: on the first GPU that can be used, otherwise on the processor. */
  preferred(): string {
    try {
      return this.list().find(({ id, usable }) => usable && id !== 'cpu')?.id ?? 'cpu';
    } catch {
      return 'cpu'; // without an engine; what is checked next says so
    }
  }

  /** Why usable GPUs cannot share a batch as they are to; empty where they can. */
  sharingProblem(placement: Placement): string {
    if (!sumsOverGpus(placement)) return '';
    const shared = this.list().filter(({ id }) => placement.devices.includes(id));
    const reason = shared.find(({ usable, sharingReason }) => usable && sharingReason !== '')?.sharingReason;
    if (reason === undefined) return '';
    return `several GPUs add up their gradients with NCCL; ${reason}`;
  }

  /**
   * Throws DEVICE_UNAVAILABLE with the device's own reason, or with why devices cannot share a batch; INVALID_CONFIG
   * for a precision that one has not.
   */
  check(placement: Placement): void {
    const { precision } = placement;
    const devices = this.list();
    for (const id of placement.devices) {
      // Where no GPU can even be asked for, the one report "cuda" says why of them all.
      const device = devices.find((one) => one.id === id || id.startsWith(`${one.id}:`));
      if (device?.usable) {
        if (device.precisions.includes(precision)) continue;
        throw new AppError(
          'INVALID_CONFIG',
          `precision: ${id} computes in ${device.precisions.join(' or ')} here, not in ${precision}`,
          { field: 'precision', choices: device.precisions },
        );
      }
      const usable = devices.filter((one) => one.usable).map((one) => one.id);
      throw new AppError(
        'DEVICE_UNAVAILABLE',
        `${id} cannot be used: ${device?.reason || 'there is no such device here'}; usable here: ${usable.join(', ')}`,
        { device: id, usable },
      );
    }
    const problem = this.sharingProblem(placement);
    if (problem !== '') throw new AppError('DEVICE_UNAVAILABLE', problem, { field: 'devices' });
  }
}
