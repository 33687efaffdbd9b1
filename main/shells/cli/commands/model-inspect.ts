// model inspect: what a file of weights is taken for, tensor by tensor; nothing is imported.
import type { Command } from '../command.ts';
import { count, percent, plural, printable, table } from '../format.ts';
import { importCorrections, importNotes, importOptions } from '../import-options.ts';

export const modelInspect: Command = {
  words: ['model', 'inspect'],
  summary: 'Shows what a file of weights is taken for',
  positionals: 'FILE',
  positionalCount: [1, 1],
  options: importOptions,
  notes: importNotes,
  run({ output, studio }, args) {
    const found = studio().models.inspect(args.positional(0), importCorrections(args));
    output.emit(found);
    const { preprocessing, labels } = found;
    output.print(`${printable(found.kind)} (${found.format})`);
    output.print(
      `net ${found.preset}, ${plural(found.columns, 'column')}, input ${found.inputSize} x ${found.inputSize}, ` +
        `${count(found.parameters)} parameters, ${plural(found.classes, 'class', 'classes')}`,
    );
    if (found.fitting.length > 1) output.print(`the tensors also fit: ${found.fitting.slice(1).join(', ')}`);
    output.print(
      `input = (pixel * ${preprocessing.scale} - ${preprocessing.meanImage ? 'mean image' : `[${preprocessing.mean.join(', ')}]`}) / ` +
        `[${preprocessing.std.join(', ')}], weights for ${preprocessing.channels.toUpperCase()}`,
    );
    const names =
      labels.from === 'none' ? 'not known; give --labels' : labels.first.map(printable).join(', ');
    output.print(
      `classes: ${names}${found.classes > labels.first.length && labels.from !== 'none' ? ', …' : ''}`,
    );
    if (found.claim !== null) {
      output.print(`published: top-1 error ${percent(found.claim.top1Error)} on ${found.claim.on}`);
    }
    for (const note of found.notes) output.print(`note: ${printable(note)}`);
    output.print();
    const shape = (extents: readonly number[] | null) => (extents === null ? '-' : extents.join(' x '));
    const rows = found.tensors.map(({ tensor, inFile, wanted, found: there, problem }) => [
      tensor,
      inFile ?? '-',
      shape(wanted),
      shape(there),
      problem === '' ? 'fits' : problem,
    ]);
    const columns = [
      { title: 'tensor' },
      { title: 'in the file' },
      { title: 'wanted' },
      { title: 'found' },
      { title: '' },
    ];
    for (const line of table(columns, rows)) output.print(line);
  },
};
