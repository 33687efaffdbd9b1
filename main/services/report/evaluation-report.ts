// An evaluation as one HTML file that needs nothing else: to be kept, mailed and printed.
import type { EvaluationMember, EvaluationSummary, Interval, Ties } from '../../api/evaluation.ts';
import { type ClassResult, classResults, confusedPairs } from './confusion.ts';

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

/** More cells than this make no map that a browser likes; the largest are kept. */
const mostCells = 40_000;
const mapSide = 720;

export function evaluationReport(facts: ReportFacts): string {
  const { summary, names } = facts;
  const classes = classResults(summary, names);
  const pairs = confusedPairs(summary, names, 25);
  const chance = names.length > 0 ? 1 - 1 / names.length : null;
  const title = `${facts.model} on ${facts.dataset}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
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
${fact('Made', `${new Date(facts.createdAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`)}
</tbody></table>
</section>
${membersSection(facts)}
${pairsSection(pairs)}
${mapSection(summary, names)}
${classesSection(classes)}
</main>
</body>
</html>
`;
}

function membersSection({ averaged, summary }: ReportFacts): string {
  if (averaged.length === 0) return '';
  const row = (name: string, of: { loss: number | null; top1Error: number; top5Error: number }) =>
    `<tr><td>${escapeHtml(name)}</td><td class="n">${percent(of.top1Error)}</td><td class="n">${percent(
      of.top5Error,
    )}</td><td class="n">${of.loss === null || !Number.isFinite(of.loss) ? '-' : of.loss.toFixed(4)}</td></tr>`;
  const mean = (value: (member: EvaluationMember) => number) =>
    averaged.reduce((sum, member) => sum + value(member), 0) / averaged.length;
  return `<section>
<h2>What was averaged</h2>
<p>The softmax outputs of ${count(averaged.length)} models; each by itself, and together.</p>
<table><thead><tr><th>Model</th><th class="n">Top-1 error</th><th class="n">Top-5 error</th><th class="n">Loss</th></tr></thead>
<tbody>
${averaged.map((member) => row(member.name, member)).join('\n')}
${row('Mean of their errors', { loss: null, top1Error: mean((m) => m.top1Error), top5Error: mean((m) => m.top5Error) })}
${row('Average of their outputs', summary)}
</tbody></table>
</section>`;
}

function pairsSection(pairs: ReturnType<typeof confusedPairs>): string {
  if (pairs.length === 0) return '<section><h2>Most confused</h2><p>Not one mistake.</p></section>';
  const rows = pairs.map(
    (pair) =>
      `<tr><td>${escapeHtml(pair.trueName)}</td><td>${escapeHtml(pair.answeredName)}</td><td class="n">${count(
        pair.count,
      )}</td><td class="n">${percent(pair.share)}</td></tr>`,
  );
  return `<section>
<h2>Most confused</h2>
<table><thead><tr><th>Shown</th><th>Answered</th><th class="n">Images</th><th class="n">Of the class</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table>
</section>`;
}

function mapSection(summary: EvaluationSummary, names: readonly string[]): string {
  const classes = names.length;
  if (classes === 0) return '';
  const cell = mapSide / classes;
  const cells = [...summary.confusion].sort((a, b) => b[2] - a[2]).slice(0, mostCells);
  const marks = cells.map(([truth, answer, images]) => {
    const share = images / (summary.classImages[truth] || 1);
    const hint =
      classes <= 200
        ? `<title>${escapeHtml(names[truth] ?? '')} answered as ${escapeHtml(names[answer] ?? '')}: ${count(images)}</title>`
        : '';
    const place = `x="${short(answer * cell)}" y="${short(truth * cell)}" width="${short(cell)}" height="${short(cell)}"`;
    const kind = truth === answer ? 'right' : 'wrong';
    return `<rect class="${kind}" ${place} fill-opacity="${(0.08 + 0.92 * share).toFixed(2)}">${hint}</rect>`;
  });
  const left =
    summary.confusion.length > mostCells
      ? ` The ${count(mostCells)} largest of ${count(summary.confusion.length)} cells are drawn.`
      : '';
  return `<section>
<h2>Confusion map</h2>
<p>One row a class shown, one column a class answered, both in class order; the darker, the larger the share of the row.${left}</p>
<svg class="map" viewBox="-1 -1 ${mapSide + 2} ${mapSide + 2}" role="img" aria-label="Confusion map">
<rect class="frame" x="0" y="0" width="${mapSide}" height="${mapSide}"/>
${marks.join('\n')}
</svg>
</section>`;
}

function classesSection(classes: readonly ClassResult[]): string {
  const rows = [...classes]
    .sort((a, b) => (b.top1Error ?? -1) - (a.top1Error ?? -1) || a.label - b.label)
    .map((c) => {
      const mistaken = c.mistakenFor === null ? '' : `${c.mistakenFor.name} (${count(c.mistakenFor.count)})`;
      return `<tr><td>${escapeHtml(c.name)}</td><td class="n">${count(c.images)}</td><td class="n">${percent(
        c.top1Error,
      )}</td><td class="n">${percent(c.top5Error)}</td><td class="n">${percent(
        c.precision,
      )}</td><td>${escapeHtml(mistaken)}</td></tr>`;
    });
  return `<section>
<h2>Classes, the hardest first</h2>
<table><thead><tr><th>Class</th><th class="n">Images</th><th class="n">Top-1 error</th><th class="n">Top-5 error</th>
<th class="n">Precision</th><th>Most often taken for</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table>
</section>`;
}

const style = `
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60666d; --paper: #fff; --line: #d9dce0; --right: #1a6b3c; --wrong: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #9aa0a6; --paper: #16181b; --line: #3a3e44; --right: #63c38b; --wrong: #ff8a80; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .5rem; }
p { margin: 0 0 .75rem; color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: 2.5rem; margin: 1.5rem 0; }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dt { color: var(--soft); } .figures small { display: block; }
.figures dd { margin: 0; font-size: 1.9rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.facts { width: auto; } .facts th { padding-right: 2rem; }
.map { width: 100%; max-width: 45rem; height: auto; }
.map .frame { fill: none; stroke: var(--line); }
.map .right { fill: var(--right); } .map .wrong { fill: var(--wrong); }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --line: #bbb; --right: #1a6b3c; --wrong: #b3261e; }
  main { max-width: none; padding: 0; } thead { display: table-header-group; } tr, svg, .figures { break-inside: avoid; }
  .map rect { print-color-adjust: exact; }
}
`;

function figure(name: string, value: string, below = ''): string {
  const small = below === '' ? '' : `<small>${escapeHtml(below)}</small>`;
  return `<dl><div><dt>${escapeHtml(name)}${small}</dt><dd>${escapeHtml(value)}</dd></div></dl>`;
}

/** 95 % of resamples of the images. */
function range(interval: Interval | null): string {
  return interval === null ? '' : `${percent(interval[0])} to ${percent(interval[1])}`;
}

function fact(name: string, value: string): string {
  return `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`;
}

function splitName(split: 'train' | 'val'): string {
  return split === 'val' ? 'Validation split' : 'Training split';
}

function percent(fraction: number | null): string {
  return fraction === null ? '-' : `${(fraction * 100).toFixed(2)} %`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function rate(images: number, elapsedMs: number): string {
  return elapsedMs > 0 ? `${((images * 1000) / elapsedMs).toFixed(1)} images a second` : 'at once';
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Names come from folders and files, which are not to be trusted. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
