// resume: continues an interrupted or stopped run.
import type { Command } from '../command.ts';
import { trainView } from '../train-view.ts';

export const resume: Command = {
  words: ['resume'],
  summary: 'Continues an interrupted or stopped run from its newest checkpoint',
  positionals: 'RUN',
  positionalCount: [1, 1],
  options: {
    devices: { value: 'D,D', help: 'from now on: cpu, or cuda:0; two of them hold a column each' },
    precision: { value: 'P', help: 'from now on: fp32, tf32 or bf16' },
    threads: { value: 'T', help: 'from now on: CPU threads; 0: all cores' },
  },
  notes: ['On the same devices with the same threads it goes on bit for bit, elsewhere to within rounding.'],
  async run({ output, signal, studio, now }, args) {
    const run = args.positional(0);
    const devices = args.text('devices')?.split(',');
    const precision = args.choice('precision', ['fp32', 'tf32', 'bf16']);
    const threads = args.integer('threads', 0);
    if (devices !== undefined || precision !== undefined || threads !== undefined) {
      studio().training.place(run, {
        ...(devices === undefined ? {} : { devices }),
        ...(precision === undefined ? {} : { precision }),
        ...(threads === undefined ? {} : { threads }),
      });
    }
    await studio().training.resume(run, trainView(output, now), signal);
  },
};
