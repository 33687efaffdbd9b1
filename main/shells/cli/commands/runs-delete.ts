// runs delete: a run with its metrics, evaluations and checkpoints.
import type { Command } from '../command.ts';
import { printable } from '../format.ts';

export const runsDelete: Command = {
  words: ['runs', 'delete'],
  summary: 'Deletes a run with its metrics and checkpoints',
  positionals: 'RUN',
  positionalCount: [1, 1],
  run({ output, studio }, args) {
    const run = studio().runs.delete(args.positional(0));
    output.emit({ deleted: run.id });
    output.print(`deleted run ${run.id} (${printable(run.name)})`);
  },
};
