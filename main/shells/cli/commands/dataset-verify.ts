// dataset verify: reads a data set whole and compares its checksums.
import type { Command } from '../command.ts';
import { count, duration, percent, printable } from '../format.ts';
import { RemainingTime } from '../progress.ts';

export const datasetVerify: Command = {
  words: ['dataset', 'verify'],
  summary: 'Reads a data set whole and compares its checksums',
  positionals: 'N',
  positionalCount: [1, 1],
  async run({ output, signal, studio, now }, args) {
    let remaining = new RemainingTime(now);
    let last = '';
    const verified = await studio().datasets.verify(
      args.positional(0),
      (split, done, total) => {
        if (split !== last) remaining = new RemainingTime(now);
        last = split;
        const left = remaining.update(done, total);
        output.status(
          () =>
            `checking ${split === 'train' ? 'training' : 'validation'} images  ${percent(done / (total || 1))}` +
            (left === undefined ? '' : `  ${duration(left)} left`),
        );
      },
      signal,
    );
    output.clearStatus();
    output.emit({ name: verified.name, ok: true, images: verified.images });
    output.print(`${printable(verified.name)}: all ${count(verified.images)} images are whole`);
  },
};
