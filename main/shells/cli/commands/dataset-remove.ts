// dataset remove: deletes a packed data set; the photos it was made from stay.
import type { Command } from '../command.ts';
import { printable } from '../format.ts';

export const datasetRemove: Command = {
  words: ['dataset', 'remove'],
  summary: 'Deletes a packed data set; the photos it was made from stay',
  positionals: 'N',
  positionalCount: [1, 1],
  options: { force: { help: 'even if runs were trained on it: they stay, but cannot be resumed' } },
  run({ output, studio }, args) {
    const name = args.positional(0);
    studio().datasets.remove(name, { force: args.has('force') });
    output.emit({ removed: name });
    output.print(`removed data set ${printable(name)}`);
  },
};
