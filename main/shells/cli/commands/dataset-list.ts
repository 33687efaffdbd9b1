// dataset list: every data set in a line.
import type { Command } from '../command.ts';
import { bytes, count, table, when } from '../format.ts';

export const datasetList: Command = {
  words: ['dataset', 'list'],
  summary: 'Lists the data sets',
  run({ program, output, studio }) {
    const datasets = studio().datasets.list();
    output.emit({ datasets });
    if (datasets.length === 0) {
      output.print(`no data sets yet; ${program} dataset add --help says how to make one`);
      return;
    }
    const lines = table(
      [
        { title: 'name' },
        { title: 'state' },
        { title: 'classes', align: 'right' },
        { title: 'training', align: 'right' },
        { title: 'validation', align: 'right' },
        { title: 'size', align: 'right' },
        { title: 'added' },
      ],
      datasets.map((dataset) => [
        dataset.name,
        dataset.state,
        count(dataset.classes),
        count(dataset.trainImages),
        count(dataset.valImages),
        bytes(dataset.sizeBytes),
        when(dataset.createdAt),
      ]),
    );
    for (const line of lines) output.print(line);
  },
};
