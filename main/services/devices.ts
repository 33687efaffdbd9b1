// What can compute here, and why what cannot, cannot.
import { AppError } from '../api/errors.ts';
import type { DeviceReport } from '../api/net-description.ts';
import type { Precision } from '../api/run-config.ts';
import type { Addon } from '../engine/addon.ts';

export class DeviceService {
  readonly #addon: () => Addon;

  constructor(addon: () => Addon) {
    this.#addon = addon;
  }

  list(): DeviceReport[] {
    return this.#addon().listDevices();
  }

  /** Throws DEVICE_UNAVAILABLE with the device's own reason, INVALID_CONFIG for a precision it has not. */
  check(wanted: readonly string[], precision: Precision): void {
    const devices = this.list();
    for (const id of wanted) {
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
  }
}
