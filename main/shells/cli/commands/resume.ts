// resume: continues an interrupted or stopped run.
import { parallelismSchema } from '../../../api/run-config.ts';
import type { Command } from '../command.ts';
import { parallelismHelp } from '../parallelism-help.ts';
import { trainView } from '../train-view.ts';

export const resume: Command = {
  words: ['resume'],
  summary: 'Continues an interrupted or stopped run from its newest checkpoint',
  positionals: 'RUN',
  positionalCount: [1, 1],
  options: {
    devices: {
      value: 'D,D',
      help: 'from now on: cpu, or cuda:0; several share the work as --parallelism says',
    },
    parallelism: { value: 'P', help: `from now on: ${parallelismHelp}` },
    precision: { value: 'P', help: 'from now on: fp32, tf32 or bf16' },
    threads: { value: 'T', help: 'from now on: CPU threads; 0: all cores' },
  },
  notes: ['On the same devices with the same threads it goes on bit for bit, elsewhere to within rounding.'],
  async run({ output, signal, studio, now }, args) {
    const run = args.positional(0);
    const devices = args.text('devices')?.split(',');
    const parallelism = args.choice('parallelism', parallelismSchema.options);
    const precision = args.choice('precision', ['fp32', 'tf32', 'bf16']);
    const threads = args.integer('threads', 0);
    const placement = {
      ...(devices === undefined ? {} : { devices }),
      ...(parallelism === undefined ? {} : { parallelism }),
      ...(precision === undefined ? {} : { precision }),
      ...(threads === undefined ? {} : { threads }),
    };
    if (Object.keys(placement).length > 0) studio().training.place(run, placement);
    await studio().training.resume(run, trainView(output, now), signal);
  },
};
