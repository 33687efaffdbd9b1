// evaluations compare: two evaluations of the same images, image by image.
import { checkOutputPlace, writeWhole } from '../../../services/output-place.ts';
import type { Command } from '../command.ts';
import { count, percent, printable, table } from '../format.ts';

const classesShown = 15;

export const evaluationsCompare: Command = {
  words: ['evaluations', 'compare'],
  summary:
    'Compares two evaluations of the same images: which each has right, and whether that is more than chance',
  positionals: 'A B',
  positionalCount: [2, 2],
  options: { out: { value: 'FILE.csv', help: 'write a row for every image, with the answers of both' } },
  notes: ['A and B are ids of evaluations; evaluations list shows them.'],
  async run({ output, studio }, args) {
    const [a, b] = [args.positional(0), args.positional(1)];
    const out = args.text('out');
    if (out !== undefined) checkOutputPlace(out, 'the table');
    const { evaluations } = studio();
    const comparison = evaluations.compare(a, b);
    const { counts, classes, probability, meaning } = comparison;
    output.emit(comparison);
    for (const [name, one] of [
      ['A', comparison.a],
      ['B', comparison.b],
    ] as const) {
      output.print(
        `${name}  ${printable(one.title)}, ${one.crops === 10 ? 'ten crops' : 'centre crop'}: top-1 error ${percent(one.top1Error)}`,
      );
    }
    output.print();
    const total = comparison.a.images || 1;
    const rows = [
      ['both right', count(counts.both), percent(counts.both / total)],
      ['only A right', count(counts.onlyA), percent(counts.onlyA / total)],
      ['only B right', count(counts.onlyB), percent(counts.onlyB / total)],
      ['both wrong', count(counts.neither), percent(counts.neither / total)],
    ];
    const right = { title: '', align: 'right' } as const;
    for (const line of table([{ title: '' }, right, right], rows)) output.print(line);
    output.print(`\n${meaning} (McNemar's exact test, p = ${probability.toPrecision(3)})`);
    const differing = classes.filter(({ onlyA, onlyB }) => onlyA + onlyB > 0).slice(0, classesShown);
    if (differing.length > 0) {
      output.print();
      const columns = [
        { title: 'class' },
        { title: 'both', align: 'right' },
        { title: 'only A', align: 'right' },
        { title: 'only B', align: 'right' },
        { title: 'neither', align: 'right' },
      ] as const;
      const lines = differing.map((one) => [
        one.name,
        count(one.both),
        count(one.onlyA),
        count(one.onlyB),
        count(one.neither),
      ]);
      for (const line of table(columns, lines)) output.print(line);
    }
    if (out === undefined) return;
    await writeWhole(out, evaluations.exportComparison(a, b).text);
    output.print(`\ntable: ${printable(out)}`);
  },
};
