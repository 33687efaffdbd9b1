// What can compute here, and why what cannot, cannot.
import { AppError } from '../api/errors.ts';
import type { DeviceReport } from '../api/net-description.ts';
import type { Addon } from '../engine/addon.ts';

export class DeviceService {
  readonly #addon: () => Addon;

  constructor(addon: () => Addon) {
    this.#addon = addon;
  }

  list(): DeviceReport[] {
    return this.#addon().listDevices();
  }

  /** Throws DEVICE_UNAVAILABLE with the device's own reason. */
  check(wanted: readonly string[]): void {
    const devices = this.list();
    for (const id of wanted) {
      const device = devices.find((one) => one.id === id);
      if (device?.usable) continue;
      const usable = devices.filter((one) => one.usable).map((one) => one.id);
      throw new AppError(
        'DEVICE_UNAVAILABLE',
        `${id} cannot be used: ${device?.reason || 'there is no such device here'}; usable here: ${usable.join(', ')}`,
        { device: id, usable },
      );
    }
  }
}
