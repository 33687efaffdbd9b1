// resume: continues an interrupted or stopped run.
import type { Command } from '../command.ts';
import { trainView } from '../train-view.ts';

export const resume: Command = {
  words: ['resume'],
  summary: 'Continues an interrupted or stopped run from its newest checkpoint',
  positionals: 'RUN',
  positionalCount: [1, 1],
  async run({ output, signal, studio, now }, args) {
    await studio().training.resume(args.positional(0), trainView(output, now), signal);
  },
};
