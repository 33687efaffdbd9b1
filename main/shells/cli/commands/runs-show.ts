// runs show: a run's state, epochs, checkpoints and log.
import type { Command } from '../command.ts';
import { bytes, count, loss, percent, printable, table, when } from '../format.ts';

export const runsShow: Command = {
  words: ['runs', 'show'],
  summary: 'Shows a run: epochs, checkpoints, log, configuration',
  positionals: 'RUN',
  positionalCount: [1, 1],
  run({ output, studio }, args) {
    const run = studio().runs.show(args.positional(0));
    output.emit(run);
    output.print(
      `${run.id}  ${printable(run.name)}  ${run.state}${run.reason === '' ? '' : `: ${printable(run.reason)}`}`,
    );
    output.print(`data set    ${printable(run.datasetName)}${run.datasetId === null ? ' (removed)' : ''}`);
    output.print(`preset      ${run.preset}, ${count(run.parameters)} parameters`);
    if (run.init !== '') output.print(`begun from  ${printable(run.init)}`);
    output.print(
      `step        ${count(run.step)} of ${count(run.totalSteps)}, ${count(run.stepsPerEpoch)} an epoch`,
    );
    output.print(`begun       ${when(run.startedAt)}, ended ${when(run.endedAt)}`);
    if (run.validations.length > 0) {
      output.print();
      const titles = ['epoch', 'step', 'training loss', 'top-1', 'validation loss', 'top-1', 'top-5'];
      const rows = run.validations.map((v) => [
        count(v.epoch),
        count(v.step),
        loss(v.trainLoss),
        percent(v.trainTop1Error),
        loss(v.loss),
        percent(v.top1Error),
        percent(v.top5Error),
      ]);
      for (const line of table(
        titles.map((title) => ({ title, align: 'right' })),
        rows,
      ))
        output.print(line);
    }
    if (run.checkpoints.length > 0) {
      output.print();
      const columns = [
        { title: 'checkpoint', align: 'right' },
        { title: 'epoch', align: 'right' },
        { title: 'why' },
        { title: 'top-1', align: 'right' },
        { title: 'size', align: 'right' },
        { title: '' },
      ] as const;
      const rows = run.checkpoints.map((c) => [
        `step ${count(c.step)}`,
        count(c.epoch),
        c.reason,
        percent(c.top1Error),
        bytes(c.sizeBytes),
        c.best ? 'best' : '',
      ]);
      for (const line of table(columns, rows)) output.print(line);
    }
    const log = run.events.filter((event) => event.kind !== 'checkpoint');
    if (log.length > 0) output.print();
    for (const event of log) {
      const payload = Object.entries(event.payload).map(([key, value]) => `${key} ${String(value)}`);
      output.print(
        `${when(event.at)}  step ${count(event.step)}  ${event.kind}  ${printable(payload.join(', '))}`,
      );
    }
  },
};
