// A run as one HTML file that needs nothing else, to be kept, mailed, printed and attached: what was trained and how, its
// curves, what it reached, where it errs.

import type { EvaluationSummary, Interval } from '../../api/evaluation.ts';
import { describeEvent } from '../../api/event-text.ts';
import type { DeviceReport } from '../../api/net-description.ts';
import { compact } from '../../api/number-text.ts';
import type { EvaluationReport, ListedEvaluation } from '../../api/operations/evaluations.ts';
import type { Curve, Run, RunEvent, RunRecipe } from '../../api/runs.ts';
import { confusedPairs } from './confusion.ts';
import { count, escapeHtml, fact, figure, page, percent, range, table, when } from './markup.ts';
import { curvesSection } from './run-curves.ts';
import { calibrationSection, mapSection, pairsSection } from './sections.ts';

/** One place of the run's descent, the oldest first. */
export interface Ancestor {
  title: string;
  detail: string;
}

export interface Mistake {
  /** JPEG. */
  picture: Uint8Array;
  truth: string;
  answer: string;
  /** Of the answer, and of the truth. */
  probability: number;
  trueProbability: number;
}

/** A table that another part of the application adds, such as the claims that the run is evidence for. */
export interface ReportTable {
  title: string;
  explanation: string;
  columns: { text: string; number?: boolean }[];
  rows: string[][];
}

export interface RunReportFacts {
  run: Run;
  recipe: RunRecipe;
  presetTitle: string;
  /** Where its settings differ from the preset's. */
  changes: { field: string; preset: unknown; run: unknown }[];
  trainImages: number | null;
  ancestors: Ancestor[];
  curve: Curve;
  /** Of all steps. */
  totals: { elapsedMs: number; images: number };
  events: RunEvent[];
  /** Of the run, alone or averaged with others, the newest first. */
  evaluations: ListedEvaluation[];
  /** The one that is shown closely. */
  evaluation: { report: EvaluationReport; summary: EvaluationSummary } | undefined;
  /** Only where photos were asked for. */
  mistakes: Mistake[];
  /** PNG. */
  kernels: { picture: Uint8Array; layer: string; kernels: number; columns: number; step: number } | undefined;
  tables: ReportTable[];
  /** Of this machine, when the report was made. */
  devices: DeviceReport[];
  version: string;
  engineVersion: string;
  /** Ms UTC. */
  madeAt: number;
}

export function runReport(facts: RunReportFacts): string {
  const { run } = facts;
  const body = [
    header(facts),
    results(facts),
    curvesSection(facts),
    settings(facts),
    lineage(facts),
    evaluationParts(facts),
    mistakes(facts.mistakes),
    kernels(facts.kernels),
    ...facts.tables.map(addedTable),
    environment(facts),
  ];
  return page(`${run.name}: a run of AlexNet Studio`, body.filter((part) => part !== '').join('\n'));
}

function best({ run, evaluation }: RunReportFacts) {
  if (evaluation !== undefined) return evaluation.report;
  return run.bestTop1Error === null ? undefined : { top1Error: run.bestTop1Error };
}

function header(facts: RunReportFacts): string {
  const { run, recipe, presetTitle, trainImages, evaluation } = facts;
  const { optimiser, epochs, steps } = recipe.config;
  const length = epochs === undefined ? `${count(steps ?? 0)} steps` : `${count(epochs)} epochs`;
  const images = trainImages === null ? '' : `${count(trainImages)} images in `;
  const reached = best(facts);
  const result =
    reached === undefined
      ? 'It was not validated.'
      : evaluation === undefined
        ? `Its lowest validation error (top-1, centre crop) is ${percent(reached.top1Error)}, in epoch ${count(run.bestEpoch ?? 0)}.`
        : `On ${count(evaluation.report.images)} ${evaluation.report.split === 'val' ? 'validation' : 'training'} images${
            evaluation.report.crops === 10 ? ', ten crops averaged,' : ''
          } its top-1 error is ${percent(evaluation.report.top1Error)}${within(evaluation.report.top1Interval)} and its top-5 error ${percent(
            evaluation.report.top5Error,
          )}${within(evaluation.report.top5Interval)}.`;
  const state =
    run.state === 'finished' ? '' : ` The run is ${run.state}${run.reason === '' ? '' : `: ${run.reason}`}.`;
  return `<header>
<h1>${escapeHtml(run.name)}</h1>
<p>${escapeHtml(presetTitle)} on ${escapeHtml(run.datasetName)} · ${escapeHtml(
    run.startedAt === null ? 'not started' : when(run.startedAt),
  )} · run <code>${escapeHtml(run.id)}</code></p>
<p class="lead">${escapeHtml(
    `A net of ${count(run.parameters)} parameters (preset ${run.preset}) was trained on ${run.datasetName}, ${images}${count(
      recipe.labels.length,
    )} classes, for ${length} with batches of ${count(optimiser.batchSize)}; ${count(run.step)} of ${count(
      run.totalSteps,
    )} steps are done. ${result}${state}`,
  )}</p>
</header>`;
}

function within(interval: Interval | null): string {
  return interval === null ? '' : ` (95 %: ${range(interval)})`;
}

function results(facts: RunReportFacts): string {
  const { run, curve, totals, evaluation } = facts;
  const report = evaluation?.report;
  const validated = curve.best;
  const figures =
    report === undefined
      ? [
          figure('Best top-1 error', percent(validated?.top1Error ?? null), 'validation, centre crop'),
          figure('Top-5 error then', percent(validated?.top5Error ?? null)),
        ]
      : [
          figure('Top-1 error', percent(report.top1Error), range(report.top1Interval)),
          figure('Top-5 error', percent(report.top5Error), range(report.top5Interval)),
        ];
  const chance = 1 - 1 / Math.max(1, facts.recipe.labels.length);
  return `<section class="figures" aria-label="Results">
${figures.join('\n')}
${figure('Guessing', percent(chance), 'top-1 error')}
${figure('Training', totals.elapsedMs > 0 ? duration(totals.elapsedMs / 1000) : '-', `${count(run.step)} steps`)}
</section>`;
}

/** Of the steps alone, without validations and pauses. */
function duration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86_400).toFixed(1)} days`;
}

const value = (given: unknown) =>
  given === undefined ? '-' : typeof given === 'string' ? given : JSON.stringify(given);

function settings({ run, recipe, changes, presetTitle }: RunReportFacts): string {
  const { optimiser, augmentation, net, seed, precision, devices } = recipe.config;
  const schedule = optimiser.schedule.kind;
  const rows: [string, string][] = [
    ['Preset', `${run.preset} (${presetTitle})`],
    [
      'Net',
      `${net.columns === 2 ? 'two columns' : 'one column'}, ${net.layers.map(({ name }) => name).join(', ')}; input ${net.inputSize} × ${net.inputSize}`,
    ],
    [
      'Optimiser',
      `SGD, batch ${optimiser.batchSize}, rate ${compact(optimiser.learningRate)}, momentum ${optimiser.momentum}, weight decay ${compact(optimiser.weightDecay)}, schedule ${schedule}`,
    ],
    [
      'Augmentation',
      `${augmentation.crop} crop${augmentation.mirror ? ', mirrored at random' : ''}, colour noise ${augmentation.colourNoise}, mean ${augmentation.mean}`,
    ],
    ['Seed', String(seed)],
    ['Computed on', `${devices.join(', ')} in ${precision}`],
  ];
  const list = changes.map(({ field, preset, run: own }) => [field, value(preset), value(own)]);
  const differences =
    list.length === 0
      ? '<p>Every setting is the preset’s.</p>'
      : `<h3>Differences to the preset</h3>\n${table([{ text: 'Setting' }, { text: run.preset }, { text: 'This run' }], list)}`;
  return `<section>
<h2>Settings</h2>
<table class="facts"><tbody>
${rows.map(([name, text]) => fact(name, text)).join('\n')}
</tbody></table>
${differences}
</section>`;
}

function lineage({ ancestors, events }: RunReportFacts): string {
  const told = events.filter(
    ({ kind, payload }) =>
      kind !== 'checkpoint' && (kind !== 'command' || payload.steered === true || payload.command !== 'stop'),
  );
  const begun = ancestors.map(
    ({ title, detail }) => `<li><span>${escapeHtml(title)}</span><span></span>${escapeHtml(detail)}</li>`,
  );
  const moments = told.map((event) => {
    const who =
      event.kind !== 'command' ? '' : event.payload.steered === true ? ' (by hand)' : ' (by the schedule)';
    return `<li><span>${when(event.at)}</span><span>step ${count(event.step)}</span><div>${escapeHtml(describeEvent(event) + who)}</div></li>`;
  });
  return `<section>
<h2>Lineage and events</h2>
<ol class="timeline">
${[...begun, ...moments].join('\n')}
</ol>
</section>`;
}

function evaluationParts({ evaluations, evaluation }: RunReportFacts): string {
  if (evaluations.length === 0) return '';
  const rows = evaluations.map((one) => [
    one.title,
    one.split === 'val' ? 'validation' : 'training',
    String(one.crops),
    count(one.images),
    percent(one.top1Error),
    range(one.top1Interval),
    percent(one.top5Error),
    range(one.top5Interval),
  ]);
  const titles = ['Model', 'Split', 'Crops', 'Images', 'Top-1', '95 %', 'Top-5', '95 %'];
  const list = table(
    titles.map((text, place) => ({ text, number: place > 1 })),
    rows,
  );
  const overall = `<section>
<h2>Evaluations</h2>
<p>Errors on whole splits; 95 % of bootstrap resamples of the images give an error within the range beside it.</p>
${list}
</section>`;
  if (evaluation === undefined) return overall;
  const { report, summary } = evaluation;
  return [
    overall,
    pairsSection(confusedPairs(summary, report.names, 15)),
    report.names.length <= 250 ? mapSection(summary, report.names) : '',
    calibrationSection({ bins: report.calibration, error: report.calibrationError }),
  ].join('\n');
}

const dataAddress = (bytes: Uint8Array, mediaType: string) =>
  `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}`;

function mistakes(list: readonly Mistake[]): string {
  if (list.length === 0) return '';
  const share = (fraction: number) => percent(fraction).replace(' ', '&nbsp;');
  const items = list.map(
    ({ picture, truth, answer, probability, trueProbability }) =>
      `<li><img alt="${escapeHtml(truth)}" src="${dataAddress(picture, 'image/jpeg')}"><b>${escapeHtml(answer)}</b> ${share(
        probability,
      )}<br>it is ${escapeHtml(truth)}, ${share(trueProbability)}</li>`,
  );
  return `<section>
<h2>Most confident mistakes</h2>
<ul class="photos">
${items.join('\n')}
</ul>
</section>`;
}

function kernels(shown: RunReportFacts['kernels']): string {
  if (shown === undefined) return '';
  const { picture, layer, kernels: many, columns, step } = shown;
  const halves = columns === 2 ? ' Those of the first column are above, those of the second below.' : '';
  return `<section>
<h2>Kernels of ${escapeHtml(layer)}</h2>
<figure><img class="kernels" alt="${count(many)} kernels" src="${dataAddress(picture, 'image/png')}">
<figcaption>The ${count(many)} kernels of the first layer after step ${count(step)}, each scaled to its own range.${halves}</figcaption></figure>
</section>`;
}

function addedTable({ title, explanation, columns, rows }: ReportTable): string {
  return `<section>
<h2>${escapeHtml(title)}</h2>
<p>${escapeHtml(explanation)}</p>
${table(columns, rows)}
</section>`;
}

function environment({ run, devices, version, engineVersion, totals, madeAt }: RunReportFacts): string {
  const rows: [string, string][] = [
    ['Queued', when(run.createdAt)],
    ...(run.startedAt === null ? [] : [['Started', when(run.startedAt)] as [string, string]]),
    ...(run.endedAt === null ? [] : [['Ended', when(run.endedAt)] as [string, string]]),
    ...(totals.elapsedMs > 0
      ? [
          ['Speed', `${compact((totals.images * 1000) / totals.elapsedMs)} images a second, steps alone`] as [
            string,
            string,
          ],
        ]
      : []),
    ['AlexNet Studio', `${version}, engine ${engineVersion}`],
    ...devices
      .filter(({ usable }) => usable)
      .map(({ id, name, library, driver }): [string, string] => [
        id,
        [name, library, driver === '' ? '' : `driver ${driver}`].filter((text) => text !== '').join(', '),
      ]),
    ['Report made', when(madeAt)],
  ];
  return `<section>
<h2>Environment</h2>
<p>Programs and devices are those of the machine and the moment that the report was made on.</p>
<table class="facts"><tbody>
${rows.map(([name, text]) => fact(name, text)).join('\n')}
</tbody></table>
</section>`;
}
