// watch: classifies what arrives in a folder, until it is interrupted.
import { resolve } from 'node:path';
import { WatchedFolder, type WatchStatus } from '../../../services/watching/watched-folder.ts';
import type { Command } from '../command.ts';
import { percent, plural, printable } from '../format.ts';
import { openSweep, sweepOptions } from '../sweep-view.ts';

const says: Readonly<Record<WatchStatus['state'], string>> = {
  watching: 'watching',
  classifying: 'classifying',
  missing: 'the folder is not there; waiting for it',
  failed: 'trying again',
};

export const watch: Command = {
  words: ['watch'],
  summary: 'Classifies what is in a folder and what arrives there, until interrupted',
  positionals: 'FOLDER',
  positionalCount: [1, 1],
  options: {
    ...sweepOptions,
    out: { value: 'FILE', help: 'write the answers to this .csv or .jsonl, too' },
  },
  notes: [
    'A file is taken when it has stopped growing. Every answer is kept: the same command again goes on.',
  ],
  async run({ output, signal, studio }, args) {
    const { sweeps } = studio();
    const out = args.text('out');
    let state = '';
    const folder = new WatchedFolder(
      sweeps,
      openSweep(sweeps, args),
      {
        onResult(result) {
          output.emit(result);
          const file = printable(result.file);
          if ('error' in result)
            output.print(`${file}: error ${result.error.code}: ${printable(result.error.message)}`);
          else {
            const [answer] = result.predictions;
            output.print(`${file}: ${printable(answer?.name ?? '')} ${percent(answer?.probability ?? 0)}`);
          }
        },
        onStatus(now) {
          if ((now.state === 'missing' || now.state === 'failed') && now.state !== state) {
            output.note(`${says[now.state]}${now.reason === '' ? '' : `: ${printable(now.reason)}`}`);
          }
          state = now.state;
          output.status(() => `${says[now.state]}  ${plural(now.answered, 'photo')} so far`);
        },
      },
      out === undefined ? {} : { out: resolve(out) },
    );
    await folder.run(signal);
    output.clearStatus();
  },
};
