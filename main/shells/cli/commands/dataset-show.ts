// dataset show: a data set's classes, statistics and skipped files.
import type { Command } from '../command.ts';
import { bytes, count, printable, table, when } from '../format.ts';

export const datasetShow: Command = {
  words: ['dataset', 'show'],
  summary: 'Shows a data set: classes, statistics, skipped files',
  positionals: 'N',
  positionalCount: [1, 1],
  run({ output, studio }, args) {
    const { datasets } = studio();
    const dataset = datasets.show(args.positional(0));
    const skipped = datasets.skipped(dataset.name);
    output.emit({ ...dataset, skipped });
    output.print(
      `${printable(dataset.name)}  ${dataset.state}${dataset.reason ? `: ${dataset.reason}` : ''}`,
    );
    output.print(`training    ${printable(dataset.source.trainFolder)}`);
    const { valFolder, valFraction } = dataset.source;
    if (valFolder !== undefined) output.print(`validation  ${printable(valFolder)}`);
    if (valFraction !== undefined)
      output.print(`validation  ${valFraction * 100} % of every class, held out`);
    output.print(`added       ${when(dataset.createdAt)}, ${bytes(dataset.sizeBytes)}`);
    if (dataset.statistics !== null) {
      const show = (values: readonly number[]) => values.map((value) => value.toFixed(3)).join('  ');
      output.print(`mean RGB    ${show(dataset.statistics.meanRgb)}`);
      output.print(
        `PCA of RGB  standard deviations ${show(dataset.statistics.eigenvalues.map((v) => Math.sqrt(Math.max(v, 0))))}`,
      );
    }
    output.print();
    const lines = table(
      [
        { title: 'class', align: 'right' },
        { title: 'folder' },
        { title: 'name' },
        { title: 'training', align: 'right' },
        { title: 'validation', align: 'right' },
      ],
      dataset.classList.map((c) => [
        String(c.label),
        c.folder,
        c.name,
        count(c.trainImages),
        count(c.valImages),
      ]),
    );
    for (const line of lines) output.print(line);
    if (skipped.length > 0) output.print(`\nskipped ${count(skipped.length)}:`);
    for (const file of skipped) {
      output.print(`  ${file.split}/${printable(file.path)}  ${file.code}: ${printable(file.message)}`);
    }
  },
};
