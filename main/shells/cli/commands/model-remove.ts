// model remove: an imported model with its evaluations.
import type { Command } from '../command.ts';
import { printable } from '../format.ts';

export const modelRemove: Command = {
  words: ['model', 'remove'],
  summary: 'Removes an imported model',
  positionals: 'N',
  positionalCount: [1, 1],
  run({ output, studio }, args) {
    const name = args.positional(0);
    studio().models.remove(name);
    output.emit({ removed: name });
    output.print(`removed model ${printable(name)}`);
  },
};
