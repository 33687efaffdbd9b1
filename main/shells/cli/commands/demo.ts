// demo: the whole way from pictures to answers, on a data set that it draws itself.
import type { Command, Context } from '../command.ts';
import { datasetView } from '../dataset-view.ts';
import { count, duration, percent, printable } from '../format.ts';
import { RemainingTime } from '../progress.ts';
import { trainView } from '../train-view.ts';

export const demo: Command = {
  words: ['demo'],
  summary: 'Draws a small data set, trains, evaluates and classifies on it, in minutes on a CPU',
  options: {
    epochs: { value: 'E', help: 'passes over the data set (default: enough to see it learn)' },
    threads: { value: 'T', help: 'CPU threads; 0: all cores' },
  },
  async run(context, args) {
    const { program, output, signal, studio, now } = context;
    const epochs = args.integer('epochs', 1);
    const threads = args.integer('threads', 0);
    const began = now();
    const { demo: plan, datasets, training, evaluation, classification } = studio();

    title(
      context,
      '1. Pictures',
      'Twelve kinds of things before cluttered backgrounds; only the form tells them apart.',
    );
    const remaining = new RemainingTime(now);
    const pictures = await plan.drawPictures((done, total) => {
      const left = remaining.update(done, total);
      output.status(
        () =>
          `drawing  ${count(done)}/${count(total)}${left === undefined ? '' : `  ${duration(left)} left`}`,
      );
    }, signal);
    output.clearStatus();
    say(context, `${count(pictures.count)} pictures in ${printable(pictures.folder)}`);

    title(
      context,
      '2. Data set',
      'Every picture is decoded, scaled and packed once; training then reads at full speed.',
    );
    if (plan.dataset() === undefined) {
      await datasets.add(plan.datasetRequest(pictures), datasetView(output, now), signal);
    } else {
      say(context, `${plan.datasetName} is there already`);
    }

    title(
      context,
      '3. Training',
      "The paper's net with narrower layers, so that a CPU has it ready in minutes.",
    );
    const run = await training.start(
      plan.trainRequest({
        ...(epochs === undefined ? {} : { epochs }),
        ...(threads === undefined ? {} : { threads }),
      }),
      trainView(output, now),
      signal,
    );
    if (signal.aborted) return;

    title(context, '4. Evaluation', 'The best checkpoint on pictures that it was not trained on.');
    const result = await evaluation.evaluate(
      { models: [`${run.id}@best`], dataset: plan.datasetName, split: 'val', crops: 10, ties: 'first' },
      () => {},
      signal,
    );
    const { summary: _summary, averaged: _averaged, members: _members, pairs, ...facts } = result;
    output.emit({ event: 'evaluation', ...facts });
    const chance = 1 - 1 / result.classes;
    output.print(
      `top-1 error ${percent(facts.top1Error)} with ten crops; guessing would give ${percent(chance)}`,
    );
    const worst = pairs[0];
    if (worst !== undefined) {
      output.print(`most confused: ${worst.trueName}, taken for ${worst.answeredName} ${worst.count} times`);
    }

    title(context, '5. Classification', 'Single pictures, as any photo would be.');
    await classification.classify(
      { paths: pictures.examples, model: `${run.id}@best`, top: 3, crops: 1 },
      (answer) => {
        output.emit({ event: 'classified', ...answer });
        const name = answer.file.split('/').slice(-2).join('/');
        if ('error' in answer) output.print(`${printable(name)}: ${printable(answer.error.message)}`);
        else {
          output.print(
            `${name.padEnd(28)} ${answer.predictions.map((p) => `${p.name} ${percent(p.probability)}`).join(', ')}`,
          );
        }
      },
      signal,
    );

    output.emit({ event: 'demo', run: run.id, dataset: plan.datasetName, elapsedMs: now() - began });
    if (output.json) return;
    output.print(`\nDone in ${duration(now() - began)}. What next:`);
    for (const [command, what] of nextSteps(run.id, plan.datasetName)) {
      output.print(`  ${program} ${command.padEnd(62)}  ${what}`);
    }
  },
};

function nextSteps(run: string, dataset: string): [command: string, what: string][] {
  return [
    ['dataset add --name mine --train DIR --val-fraction 0.1', 'your own photos, a folder for each class'],
    ['train --dataset mine --epochs 20', 'the full net on them'],
    [`classify PHOTO... --model ${run}`, 'what this net sees'],
    [`evaluate ${run} --dataset ${dataset} --report report.html`, 'every confusion, as a page'],
    ['--help', 'everything else'],
  ];
}

function title({ output }: Context, heading: string, text: string): void {
  if (!output.json && !output.quiet) output.print(`\n${heading}\n${text}`);
}

function say({ output }: Context, text: string): void {
  if (!output.json && !output.quiet) output.print(text);
}
