// sort: photos into folders of their classes; without --apply only the plan is shown.
import { resolve } from 'node:path';
import type { SortSummary } from '../../../api/operations/sorting.ts';
import type { Command } from '../command.ts';
import { bytes, count, plural, printable, table } from '../format.ts';
import { sweepInto, sweepOptions } from '../sweep-view.ts';

export const sort: Command = {
  words: ['sort'],
  summary: 'Copies or moves photos into folders of their classes; shows the plan first',
  positionals: 'PATH...',
  positionalCount: [1, Number.POSITIVE_INFINITY],
  options: {
    ...sweepOptions,
    to: { value: 'DIR', help: 'where the class folders are made', required: true },
    threshold: { value: 'P', help: 'the least probability of the first class (default: 0.8)' },
    move: { help: 'move the photos instead of copying them' },
    unsure: {
      value: 'leave|folder',
      help: 'what is below the threshold stays, or goes to "unsure" (default: leave)',
    },
    collisions: {
      value: 'number|skip',
      help: 'where a name is taken: add a number, or leave it (default: number)',
    },
    apply: { help: 'do it; without this only the plan is shown' },
  },
  notes: [
    'Nothing is ever overwritten or deleted. What was moved or copied is listed in DIR/sorted-*.jsonl, by which',
    '`sort undo` puts it back.',
  ],
  async run(context, args) {
    const { output, signal, studio } = context;
    const threshold = args.number('threshold', 0, 1) ?? 0.8;
    const { sorting } = studio();
    const { sweep } = await sweepInto(context, args);
    const plan = await sorting.plan(
      sweep.id,
      {
        to: resolve(args.required('to')),
        threshold,
        mode: args.has('move') ? 'move' : 'copy',
        unsure: args.choice('unsure', ['leave', 'folder']) ?? 'leave',
        collisions: args.choice('collisions', ['number', 'skip']) ?? 'number',
      },
      signal,
    );
    output.emit({ event: 'plan', ...plan });
    for (const line of planLines(plan)) output.print(line);
    if (!args.has('apply')) {
      output.print('Nothing was touched; with --apply it is done.');
      return undefined;
    }
    output.note(`What is done is listed in ${printable(plan.list)}`);
    const end = await sorting.apply(
      plan.id,
      (done, total) => output.status(() => `sorting  ${count(done)}/${count(total)}`),
      signal,
    );
    output.clearStatus();
    output.emit({ event: 'done', ...end });
    const rest = [plural(end.skipped, 'photo left', 'photos left'), plural(end.failed, 'error')];
    output.print(
      `${plural(end.done, 'photo')} ${plan.settings.mode === 'move' ? 'moved' : 'copied'}, ${rest.join(', ')}`,
    );
    if (end.done > 0) output.print(`sort undo ${printable(end.list)} puts it back`);
    if (end.skipped + end.failed > 0) {
      for (const state of ['skipped', 'failed'] as const) {
        for (const file of sorting.files({ id: plan.id, state, offset: 0, limit: 20 }).files) {
          output.print(`  ${printable(file.source)}: ${printable(file.note)}`);
        }
      }
    }
    return end.failed > 0 ? 'failed' : undefined;
  },
};

function* planLines(plan: SortSummary): Generator<string> {
  const { settings, folders, left } = plan;
  const columns = [
    { title: 'folder' },
    { title: 'photos', align: 'right' },
    { title: 'size', align: 'right' },
  ] as const;
  yield* table(
    columns,
    folders.map(({ folder, files, sizeBytes }) => [folder, count(files), bytes(sizeBytes)]),
  );
  yield '';
  yield `${settings.mode}: ${plural(plan.files, 'photo')}, ${bytes(plan.sizeBytes)}, into ${printable(settings.to)}`;
  if (plan.collisions > 0)
    yield `${plural(plan.collisions, 'photo')} of these get a number: their name is taken`;
  for (const { note, files } of left) yield `${plural(files, 'photo')} not sorted: ${note}`;
  if (plan.freeBytes !== null && plan.writtenBytes > plan.freeBytes) {
    yield `the disk has room for ${bytes(plan.freeBytes)} only`;
  }
}
