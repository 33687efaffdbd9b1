// An evaluation as one HTML file that needs nothing else: to be kept, mailed and printed.
import type { EvaluationMember, EvaluationSummary, Ties } from '../../api/evaluation.ts';
import { calibrate } from './calibration.ts';
import { classResults, confusedPairs } from './confusion.ts';
import { count, escapeHtml, fact, figure, page, percent, range, rate, splitName, when } from './markup.ts';
import { calibrationSection, classesSection, mapSection, membersSection, pairsSection } from './sections.ts';

export interface ReportFacts {
  model: string;
  dataset: string;
  split: 'train' | 'val';
  crops: 1 | 10;
  ties: Ties;
  /** Of an average: each once. */
  presets: readonly string[];
  parameters: number;
  checkpointStep: number | null;
  /** The models whose softmax outputs were averaged; none where it is one model's. */
  averaged: readonly EvaluationMember[];
  /** Class names in class order. */
  names: readonly string[];
  summary: EvaluationSummary;
  elapsedMs: number;
  /** Ms UTC. */
  createdAt: number;
}

export function evaluationReport(facts: ReportFacts): string {
  const { summary, names } = facts;
  const classes = classResults(summary, names);
  const pairs = confusedPairs(summary, names, 25);
  const chance = names.length > 0 ? 1 - 1 / names.length : null;
  const title = `${facts.model} on ${facts.dataset}`;
  const body = `<header>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(splitName(facts.split))}, ${count(summary.images)} images in ${count(names.length)} classes, ${
    facts.crops === 10 ? 'ten crops, their softmax outputs averaged' : 'centre crop'
  }.${summary.top1Interval === null ? '' : ' Below the errors: the range that 95 % of bootstrap resamples of the images give.'}${
    facts.ties === 'fraction'
      ? ' Equal probabilities at the edge of the best one or five count in fractions.'
      : ''
  }</p>
</header>
<section class="figures" aria-label="Result">
${figure('Top-1 error', percent(summary.top1Error), range(summary.top1Interval))}
${figure('Top-5 error', percent(summary.top5Error), range(summary.top5Interval))}
${figure('Loss', Number.isFinite(summary.loss) ? summary.loss.toFixed(4) : 'not finite')}
${figure('Chance', percent(chance))}
</section>
<section>
<h2>What was evaluated</h2>
<table class="facts"><tbody>
${fact('Model', facts.model)}
${fact(facts.presets.length === 1 ? 'Preset' : 'Presets', facts.presets.join(', '))}
${fact('Parameters', count(facts.parameters))}
${facts.checkpointStep === null ? '' : fact('Checkpoint', `after step ${count(facts.checkpointStep)}`)}
${fact('Time', `${(facts.elapsedMs / 1000).toFixed(1)} s, ${rate(summary.images, facts.elapsedMs)}`)}
${fact('Made', when(facts.createdAt))}
</tbody></table>
</section>
${membersSection(facts.averaged, summary)}
${pairsSection(pairs)}
${calibrationSection(calibrate(summary.calibration))}
${mapSection(summary, names)}
${classesSection(classes)}`;
  return page(title, body);
}
