// Parts of a report about one evaluation: what was averaged, confusions, calibration, classes.
import type { EvaluationMember, EvaluationSummary } from '../../api/evaluation.ts';
import type { CalibrationBin } from '../../api/operations/evaluations.ts';
import type { ClassResult, confusedPairs } from './confusion.ts';
import { count, escapeHtml, percent, short } from './markup.ts';

/** More cells than this make no map that a browser likes; the largest are kept. */
const mostCells = 40_000;
const mapSide = 720;
/** For the names beside it, as long as these letters. */
const mapMargin = 150;
const mapLetters = 24;
const nameHeight = 13;

export function membersSection(averaged: readonly EvaluationMember[], summary: EvaluationSummary): string {
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

export function pairsSection(pairs: ReturnType<typeof confusedPairs>): string {
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

export function mapSection(summary: EvaluationSummary, names: readonly string[]): string {
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
    // The root, as on the screen: single mistakes are seen too.
    const strength = (0.12 + 0.88 * Math.sqrt(Math.min(1, share))).toFixed(2);
    return `<rect class="${kind}" ${place} fill-opacity="${strength}">${hint}</rect>`;
  });
  const left =
    summary.confusion.length > mostCells
      ? ` The ${count(mostCells)} largest of ${count(summary.confusion.length)} cells are drawn.`
      : '';
  return `<section>
<h2>Confusion map</h2>
<p>One row a class shown, one column a class answered, both in class order and named at its sides; the stronger its colour, the larger a cell's share of the row.${left}</p>
<svg class="map" viewBox="${-mapMargin} ${-mapMargin} ${mapSide + mapMargin + mapMargin / 2} ${mapSide + mapMargin + 1}" role="img" aria-label="Confusion map">
<rect class="frame" x="0" y="0" width="${mapSide}" height="${mapSide}"/>
${marks.join('\n')}
${mapNames(names, cell)}
</svg>
</section>`;
}

/** The classes of rows on the left and of columns above; where their names do not fit, each second, third, ... */
function mapNames(names: readonly string[], cell: number): string {
  const step = Math.max(1, Math.ceil(nameHeight / cell));
  return names
    .map((name, label) => {
      if (label % step !== 0) return '';
      const at = short((label + 0.5) * cell);
      const text = escapeHtml(
        name.length > mapLetters ? `${name.slice(0, mapLetters - 1).trimEnd()}…` : name,
      );
      return (
        `<text class="tick end" x="-6" y="${short((label + 0.5) * cell + 4)}">${text}</text>` +
        `<text class="tick" transform="translate(${at} -6) rotate(-60)">${text}</text>`
      );
    })
    .join('');
}

export function classesSection(classes: readonly ClassResult[]): string {
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

const plotSide = 300;

/** The reliability diagram: how many of the answers of a bin are right, against how sure they were. */
export function calibrationSection({
  bins,
  error,
}: {
  bins: readonly CalibrationBin[];
  error: number;
}): string {
  const images = bins.reduce((sum, bin) => sum + bin.images, 0);
  if (images === 0) return '';
  const most = Math.max(...bins.map((bin) => bin.images));
  const place = (value: number) => short(value * plotSide);
  const bars = bins.map(({ from, to, images: inside, probability, accuracy }) => {
    const left = `x="${place(from)}" width="${place(to - from - 0.004)}"`;
    const hint = `<title>${percent(from)} to ${percent(to)}: ${count(inside)} answers${
      accuracy === null ? '' : `, said ${percent(probability)}, right ${percent(accuracy)}`
    }</title>`;
    const share = (inside / most) * 60;
    const amount = `<rect class="amount" ${left} y="${short(372 - share)}" height="${short(share)}">${hint}</rect>`;
    if (accuracy === null || probability === null) return amount;
    const bar = `<rect class="accuracy" ${left} y="${place(1 - accuracy)}" height="${place(accuracy)}">${hint}</rect>`;
    const top = Math.max(probability, accuracy);
    const gap = `<rect class="gap" ${left} y="${place(1 - top)}" height="${place(Math.abs(probability - accuracy))}">${hint}</rect>`;
    return bar + gap + amount;
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (value) =>
      `<text class="tick end" x="-6" y="${short((1 - value) * plotSide + 4)}">${value * 100}</text>` +
      `<text class="tick mid" x="${place(value)}" y="388">${value * 100}</text>`,
  );
  return `<section>
<h2>Calibration</h2>
<p>How many of the answers were right (%) against how sure the net was of them (%). On the diagonal it is as sure as it should
be; the orange part is the difference, on average ${percent(error)} (expected calibration error). Below: how many answers
were that sure.</p>
<svg class="plot reliability" viewBox="-46 -8 ${plotSide + 60} 412" role="img" aria-label="Reliability diagram">
<rect class="frame" x="0" y="0" width="${plotSide}" height="${plotSide}"/>
${bars.join('\n')}
<path class="diagonal" d="M0 ${plotSide}L${plotSide} 0"/>
<path class="axis" d="M0 372H${plotSide}"/>
${ticks.join('')}
</svg>
</section>`;
}
