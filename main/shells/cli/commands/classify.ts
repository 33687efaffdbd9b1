// classify: what a model sees on photos; one result or one error for every file.
import { resolve } from 'node:path';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandEnd, Context } from '../command.ts';
import { count, duration, percent, plural, printable, rate } from '../format.ts';
import { RemainingTime } from '../progress.ts';

export const classify: Command = {
  words: ['classify'],
  summary: 'Classifies photos and folders of photos',
  positionals: 'PATH...',
  positionalCount: [1, Number.POSITIVE_INFINITY],
  options: {
    model: { value: 'MODEL', help: 'the model', required: true },
    top: { value: 'K', help: 'how many answers a photo (default: 5)' },
    crops: { value: '1|10', help: 'centre crop, or ten crops averaged (default: 1)' },
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

async function classifyInto(
  out: string,
  { output, signal, studio, now }: Context,
  args: Arguments,
): Promise<CommandEnd> {
  const { sweeps } = studio();
  const sweep = sweeps.open({
    paths: args.positionals,
    model: args.required('model'),
    top: args.integer('top', 1) ?? 5,
    crops: args.choice('crops', ['1', '10']) === '10' ? 10 : 1,
  });
  const remaining = new RemainingTime(now);
  const began = now();
  const end = await sweeps.run(sweep.id, {
    out,
    signal,
    onProgress: ({ done, total, known, failed }) => {
      const left = total === null ? undefined : remaining.update(done, total);
      output.status(() => {
        const share = total === null ? '' : `/${count(total)}  ${percent(done / (total || 1))}`;
        const speed = rate(((done - known) * 1000) / Math.max(1, now() - began));
        const bad = failed === 0 ? '' : `  ${plural(failed, 'error')}`;
        const time = left === undefined ? '' : `  ${duration(left)} left`;
        return `classifying  ${count(done)}${share}  ${speed} photos/s${bad}${time}`;
      });
    },
  });
  output.clearStatus();
  const elapsedMs = now() - began;
  output.emit({
    event: 'done',
    sweep: sweep.id,
    files: end.done,
    known: end.known,
    failed: end.failed,
    elapsedMs,
    out,
  });
  const fresh = end.done - end.known;
  output.print(
    `${plural(end.done, 'file')}, ${count(fresh)} answered now (${rate((fresh * 1000) / Math.max(1, elapsedMs))} a second), ` +
      `${plural(end.failed, 'error')}`,
  );
  output.print(printable(out));
  return end.failed === end.done ? 'failed' : undefined;
}
