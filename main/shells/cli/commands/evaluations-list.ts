// evaluations list: what was evaluated, newest first.
import type { Command } from '../command.ts';
import { count, percent, table, when } from '../format.ts';

/** Nobody reads more, and scripts page by run. */
const mostListed = 10_000;

export const evaluationsList: Command = {
  words: ['evaluations', 'list'],
  summary: 'Lists evaluations, newest first',
  options: { run: { value: 'RUN', help: 'only those of this run, alone or averaged with others' } },
  run({ output, studio }, args) {
    const run = args.text('run');
    const filter = run === undefined ? {} : { runId: studio().runs.find(run).id };
    const { evaluations } = studio().evaluations.list(filter, { offset: 0, limit: mostListed });
    output.emit({ evaluations });
    const right = (title: string) => ({ title, align: 'right' }) as const;
    const columns = [
      { title: 'id' },
      { title: 'model' },
      { title: 'split' },
      right('crops'),
      right('images'),
      right('top-1'),
      right('top-5'),
      { title: 'made' },
    ];
    const rows = evaluations.map((one) => [
      one.id,
      one.title,
      one.split,
      count(one.crops),
      count(one.images),
      percent(one.top1Error),
      percent(one.top5Error),
      when(one.createdAt),
    ]);
    for (const line of table(columns, rows)) output.print(line);
  },
};
