// ledger run: trains and evaluates what a plan of the ledger still needs.
import { runPlan } from '../../../services/ledger/foreground.ts';
import type { Command } from '../command.ts';
import { count, duration, percent, plural, printable } from '../format.ts';
import { chosenRows, ledgerOptions, ledgerSettings } from '../ledger-options.ts';
import { ledgerLines, missingWords } from '../ledger-view.ts';
import { RemainingTime } from '../progress.ts';
import { trainView } from '../train-view.ts';

export const ledgerRun: Command = {
  words: ['ledger', 'run'],
  summary: 'Measures the paper’s claims here: trains and evaluates what is missing',
  positionals: '[ROW...]',
  positionalCount: [0, 100],
  options: ledgerOptions,
  notes: [
    'Without rows: all of the paper’s. Runs are shared between rows, and a run that is there already with the same',
    'configuration, data set and seed is used. Ctrl-C stops after the step; the same command goes on from there.',
  ],
  async run({ output, signal, studio, now }, args) {
    const settings = ledgerSettings(args, chosenRows(args.positionals), studio);
    const { ledger, training, evaluation } = studio();
    const whole = ledger.prepare(settings);
    // The plan may have other rows from before; only these are asked for.
    const { rows, seeds } = settings;
    const plan = { ...whole, settings: { ...whole.settings, rows, seeds } };
    output.emit({ event: 'plan', id: plan.id, ...ledger.preview(plan.settings) });
    output.print(
      `plan ${plan.id}: ${plural(plan.settings.rows.length, 'row')}, ${plural(plan.settings.seeds, 'seed')} on ` +
        `${printable(plan.datasetName)}; ${missingWords({ time: ledger.preview(plan.settings) })}`,
    );
    let view = trainView(output, now);
    let remaining = new RemainingTime(now);
    const failed = await runPlan(
      { ledger, training, evaluation },
      plan,
      {
        begins(work, run, left) {
          view = trainView(output, now);
          remaining = new RemainingTime(now);
          const time = ledger.preview(plan.settings);
          const about = time.remainingMs === null ? '' : `, about ${duration(time.remainingMs)} left`;
          const { kind } = work;
          output.emit({
            event: 'work',
            kind,
            run: run.id,
            name: run.name,
            left,
            remainingMs: time.remainingMs,
          });
          if (kind === 'train') output.print(`\n${printable(run.name)} (${count(left)} to do${about})`);
        },
        training: (_run, event) => view(event),
        evaluating: (done, total) => {
          const left = remaining.update(done, total);
          output.status(
            () =>
              `evaluating  ${count(done)}/${count(total)}${left === undefined ? '' : `  ${duration(left)} left`}`,
          );
        },
        evaluated: ({ runs, crops }, top1Error) => {
          output.clearStatus();
          output.emit({ event: 'evaluation', runs: runs.map(({ id }) => id), crops, top1Error });
          const of = runs.length === 1 ? '' : `, ${runs.length} nets averaged`;
          output.print(
            `${crops === 10 ? 'ten crops' : 'centre crop'}${of}: top-1 error ${percent(top1Error)}`,
          );
        },
        failed: (work, code, message) => {
          output.clearStatus();
          output.emit({
            event: 'failed',
            kind: work.kind,
            recipe: work.cell.recipe.id,
            seed: work.cell.seed,
            code,
            message,
          });
          output.warn(`${work.cell.recipe.title}, seed ${work.cell.seed}: ${code}: ${printable(message)}`);
        },
      },
      signal,
    );
    output.clearStatus();
    const shown = await ledger.show(plan.id);
    output.emit({ event: 'ledger', ...shown });
    output.print();
    for (const line of ledgerLines(ledger.claims(), shown)) output.print(line);
    return failed > 0 ? 'failed' : undefined;
  },
};
