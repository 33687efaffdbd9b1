// The part of a run's report about its training: losses, errors and learning rate over the epochs, and a table of them.
import { describeEvent } from '../../api/event-text.ts';
import type { Curve, Run, RunEvent } from '../../api/runs.ts';
import { lineChart } from './line-chart.ts';
import { count, escapeHtml, percent, table } from './markup.ts';

/** Empty where nothing was trained. */
export function curvesSection({
  run,
  curve,
  events,
}: {
  run: Run;
  curve: Curve;
  events: readonly RunEvent[];
}): string {
  const { points, validations } = curve;
  if (points.length === 0) return '';
  const perEpoch = run.stepsPerEpoch || 1;
  const at = (step: number) => step / perEpoch;
  const middle = (point: Curve['points'][number]) => at((point.firstStep + point.lastStep) / 2);
  const marks = events.flatMap((event) => {
    const steered = event.kind === 'command' && event.payload.steered === true;
    if (!steered && event.kind !== 'resumed') return [];
    return [
      {
        x: at(event.step),
        label: describeEvent(event).replace(' from its newest checkpoint', '').toLowerCase(),
      },
    ];
  });
  const trained = (of: 'loss' | 'top1Error') =>
    points.map((point): [number, number | null] => [middle(point), point[of]]);
  const checked = (of: 'loss' | 'top1Error' | 'top5Error', factor = 1) =>
    validations.map((one): [number, number | null] => [
      at(one.step),
      one[of] === null ? null : one[of] * factor,
    ]);
  const percents = trained('top1Error').map(([x, y]): [number, number | null] => [
    x,
    y === null ? null : y * 100,
  ]);
  const charts = [
    [
      'Loss over the epochs: the mean over batches while training, with dropout and augmentation, and over the validation split after each epoch.',
      lineChart({
        label: 'Loss',
        x: 'epoch',
        y: 'loss',
        fromZero: true,
        marks,
        lines: [
          { name: 'training', colour: 1, points: trained('loss') },
          { name: 'validation', colour: 2, points: checked('loss'), dots: validations.length < 60 },
        ],
      }),
    ],
    [
      'Errors over the epochs (%).',
      lineChart({
        label: 'Errors',
        x: 'epoch',
        y: 'error, %',
        fromZero: true,
        marks,
        lines: [
          { name: 'training, top-1', colour: 1, points: percents },
          {
            name: 'validation, top-1',
            colour: 2,
            points: checked('top1Error', 100),
            dots: validations.length < 60,
          },
          {
            name: 'validation, top-5',
            colour: 3,
            points: checked('top5Error', 100),
            dots: validations.length < 60,
          },
        ],
      }),
    ],
    [
      'Learning rate over the epochs.',
      lineChart({
        label: 'Learning rate',
        x: 'epoch',
        y: 'rate',
        logarithmic: true,
        marks,
        lines: [
          {
            name: 'learning rate',
            colour: 1,
            points: points.map((point) => [at(point.lastStep), point.learningRate]),
          },
        ],
      }),
    ],
  ] as const;
  const drawn = charts.filter(([, svg]) => svg !== '');
  const figures = drawn.map(
    ([caption, svg], place) =>
      `<figure>${svg}<figcaption><b>Figure ${place + 1}.</b> ${escapeHtml(caption)}</figcaption></figure>`,
  );
  const shown = validations.length > 40 ? validations.slice(-40) : validations;
  const rows = shown.map((one) => [
    count(one.epoch),
    one.trainLoss === null ? '-' : one.trainLoss.toFixed(4),
    percent(one.trainTop1Error),
    one.loss === null ? '-' : one.loss.toFixed(4),
    percent(one.top1Error),
    percent(one.top5Error),
  ]);
  const titles = ['Epoch', 'Training loss', 'Top-1', 'Validation loss', 'Top-1', 'Top-5'];
  const validated =
    rows.length === 0
      ? ''
      : `<h3>Epochs${shown.length < validations.length ? `, the last ${shown.length} of ${validations.length}` : ''}</h3>
${table(
  titles.map((text) => ({ text, number: true })),
  rows,
)}`;
  return `<section>\n<h2>Training</h2>\n${figures.join('\n')}\n${validated}\n</section>`;
}
