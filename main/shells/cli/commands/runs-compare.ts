// runs compare: runs side by side, and the fields in which their configurations differ.
import type { Command } from '../command.ts';
import { count, loss, percent, printable, table } from '../format.ts';

export const runsCompare: Command = {
  words: ['runs', 'compare'],
  summary: 'Compares runs: results, and where their configurations differ',
  positionals: 'RUN RUN...',
  positionalCount: [2, 20],
  run({ output, studio }, args) {
    const { runs, differences } = studio().runs.compare(args.positionals);
    output.emit({ runs, differences });
    const columns = [
      { title: 'id' },
      { title: 'name' },
      { title: 'state' },
      { title: 'data set' },
      { title: 'preset' },
      { title: 'step', align: 'right' },
      { title: 'loss', align: 'right' },
      { title: 'best top-1', align: 'right' },
      { title: 'epoch', align: 'right' },
    ] as const;
    const rows = runs.map((run) => [
      run.id,
      run.name,
      run.state,
      run.datasetName,
      run.preset,
      count(run.step),
      loss(run.loss),
      percent(run.bestTop1Error),
      run.bestEpoch === null ? '-' : count(run.bestEpoch),
    ]);
    for (const line of table(columns, rows)) output.print(line);
    output.print();
    if (differences.length === 0) {
      output.print('their configurations are equal');
      return;
    }
    const different = table(
      [{ title: 'field' }, ...runs.map((run) => ({ title: printable(run.id) }))],
      differences.map(({ field, values }) => [
        field,
        ...values.map((value) => (value === undefined ? '-' : JSON.stringify(value))),
      ]),
    );
    for (const line of different) output.print(line);
  },
};
