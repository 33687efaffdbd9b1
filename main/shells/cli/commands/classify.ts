// classify: what a model sees on photos; one result or one error for every file.
import { resolve } from 'node:path';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandEnd, Context } from '../command.ts';
import { count, percent, plural, printable, rate } from '../format.ts';
import { sweepInto, sweepOptions } from '../sweep-view.ts';

export const classify: Command = {
  words: ['classify'],
  summary: 'Classifies photos and folders of photos',
  positionals: 'PATH...',
  positionalCount: [1, Number.POSITIVE_INFINITY],
  options: {
    ...sweepOptions,
    out: {
      value: 'FILE',
      help: 'write the answers to this .csv or .jsonl as they come, for folders of any size',
    },
  },
  notes: [
    'A file whose name begins with - is given as ./-name, or after --. With --out every answer is kept: the same',
    'command again, after a stop or a kill, goes on, and answers what is new or has changed since.',
  ],
  async run(context, args) {
    const out = args.text('out');
    if (out !== undefined) return await classifyInto(resolve(out), context, args);
    const { output, signal, studio } = context;
    const top = args.integer('top', 1) ?? 5;
    const crops = args.choice('crops', ['1', '10']) === '10' ? 10 : 1;
    const counts = await studio().classification.classify(
      { paths: [...args.positionals], model: args.required('model'), top, crops },
      (result) => {
        output.emit(result);
        if ('error' in result) {
          output.print(
            `${printable(result.file)}: error ${result.error.code}: ${printable(result.error.message)}`,
          );
          return;
        }
        const answers = result.predictions.map((p) => `${printable(p.name)} ${percent(p.probability)}`);
        output.print(`${printable(result.file)}: ${answers.join(', ')}`);
      },
      signal,
    );
    if (!output.json && counts.files > 1) {
      output.note(`${plural(counts.files, 'file')}, ${plural(counts.failed, 'error')}`);
    }
    return counts.failed === counts.files ? 'failed' : undefined;
  },
};

async function classifyInto(out: string, context: Context, args: Arguments): Promise<CommandEnd> {
  const { output, now } = context;
  const began = now();
  const { sweep, end } = await sweepInto(context, args, out);
  const elapsedMs = now() - began;
  const { done, known, failed } = end;
  output.emit({ event: 'done', sweep: sweep.id, files: done, known, failed, elapsedMs, out });
  const fresh = done - known;
  const speed = rate((fresh * 1000) / Math.max(1, elapsedMs));
  output.print(
    `${plural(done, 'file')}, ${count(fresh)} answered now (${speed} a second), ${plural(failed, 'error')}`,
  );
  output.print(printable(out));
  return failed === done ? 'failed' : undefined;
}
