// evaluate: the errors of a model, or of several averaged, on a data set's split.
import { mostAveraged } from '../../../api/operations/evaluations.ts';
import type { Command } from '../command.ts';
import { count, duration, interval, loss, percent, printable, rate, table } from '../format.ts';
import { RemainingTime } from '../progress.ts';

export const evaluate: Command = {
  words: ['evaluate'],
  summary: "Measures a model's errors on a data set; of several models also those of their average",
  positionals: 'MODEL...',
  positionalCount: [1, mostAveraged],
  options: {
    dataset: { value: 'N', help: 'the data set', required: true },
    split: { value: 'val|train', help: 'which part of it (default: val)' },
    crops: { value: '1|10', help: 'centre crop, or ten crops averaged (default: 1)' },
    ties: {
      value: 'first|fraction',
      help: 'equal probabilities at the edge of the best one or five: the lower class first, or a share of a hit as in 2012',
    },
    report: { value: 'FILE.html', help: 'write a report with classes and confusions' },
  },
  async run({ output, signal, studio, now }, args) {
    const split = args.choice('split', ['val', 'train']) ?? 'val';
    const crops = args.choice('crops', ['1', '10']) === '10' ? 10 : 1;
    const ties = args.choice('ties', ['first', 'fraction']) ?? 'first';
    const report = args.text('report');
    const remaining = new RemainingTime(now);
    const evaluation = await studio().evaluation.evaluate(
      {
        models: args.positionals,
        dataset: args.required('dataset'),
        split,
        crops,
        ties,
        ...(report === undefined ? {} : { report }),
      },
      (done, total) => {
        const left = remaining.update(done, total);
        output.status(
          () =>
            `evaluating  ${count(done)}/${count(total)}  ${percent(done / (total || 1))}` +
            (left === undefined ? '' : `  ${duration(left)} left`),
        );
      },
      signal,
    );
    output.clearStatus();
    const { summary, pairs, members: _, averaged, ...facts } = evaluation;
    output.emit({ ...facts, ...(averaged.length === 0 ? {} : { members: averaged }), confused: pairs });
    output.print(
      `${printable(facts.model)} on ${printable(facts.datasetName)} (${split}, ${count(facts.images)} images, ` +
        `${crops === 10 ? 'ten crops' : 'centre crop'})`,
    );
    if (averaged.length > 0) {
      const errors = [
        { title: 'model' },
        { title: 'top-1 error', align: 'right' },
        { title: 'top-5 error', align: 'right' },
        { title: 'loss', align: 'right' },
      ] as const;
      const rows = averaged.map((one) => [
        one.name,
        percent(one.top1Error),
        percent(one.top5Error),
        loss(one.loss),
      ]);
      for (const line of table(errors, rows)) output.print(line);
      output.print('\nthe average of their softmax outputs:');
    }
    output.print(
      `top-1 error ${percent(facts.top1Error)}${interval(facts.top1Interval)}   ` +
        `top-5 error ${percent(facts.top5Error)}${interval(facts.top5Interval)}   loss ${loss(facts.loss)}`,
    );
    output.print(
      `${duration(facts.elapsedMs)}, ${rate((summary.images * evaluation.members * 1000) / facts.elapsedMs)} images/s`,
    );
    if (pairs.length > 0) {
      output.print();
      const rows = pairs
        .slice(0, 10)
        .map((p) => [p.trueName, p.answeredName, count(p.count), percent(p.share)]);
      const columns = [
        { title: 'shown' },
        { title: 'answered' },
        { title: 'images', align: 'right' },
        { title: 'of the class', align: 'right' },
      ] as const;
      for (const line of table(columns, rows)) output.print(line);
    }
    if (report !== undefined) output.print(`\nreport: ${printable(report)}`);
  },
};
