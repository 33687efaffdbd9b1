// devices: what can compute here, and why what cannot, cannot.
import type { Command } from '../command.ts';
import { bytes, printable } from '../format.ts';

export const devices: Command = {
  words: ['devices'],
  summary: 'Shows what can compute here, and why what cannot, cannot',
  run({ output, studio }) {
    const found = studio().devices.list();
    output.emit({ devices: found });
    for (const device of found) {
      output.print(`${device.id}  ${printable(device.name)}  ${device.usable ? 'usable' : 'not usable'}`);
      if (device.reason !== '') output.print(`  ${printable(device.reason)}`);
      if (device.cores > 0) output.print(`  cores         ${device.cores}`);
      if (device.memoryBytes > 0)
        output.print(
          `  memory        ${bytes(device.memoryBytes)}${device.freeBytes >= 0 ? `, ${bytes(device.freeBytes)} of it free` : ''}`,
        );
      if (device.precisions.length > 0) output.print(`  precisions    ${device.precisions.join(', ')}`);
      if (device.instructions.length > 0) output.print(`  instructions  ${device.instructions.join(', ')}`);
      if (device.library !== '') output.print(`  library       ${printable(device.library)}`);
      if (device.driver !== '') output.print(`  driver        ${printable(device.driver)}`);
      if (device.computeCapability !== '') output.print(`  capability    ${device.computeCapability}`);
      for (const note of device.notes) output.print(`  note          ${printable(note)}`);
    }
  },
};
