// Pieces of the reports' HTML: texts made safe, numbers, tables, the page around them. A report is one file that needs
// nothing else: no script, no address.
import type { Interval } from '../../api/evaluation.ts';

export function figure(name: string, value: string, below = ''): string {
  const small = below === '' ? '' : `<small>${escapeHtml(below)}</small>`;
  return `<dl><div><dt>${escapeHtml(name)}${small}</dt><dd>${escapeHtml(value)}</dd></div></dl>`;
}

/** 95 % of resamples of the images. */
export function range(interval: Interval | null): string {
  return interval === null ? '' : `${percent(interval[0])} to ${percent(interval[1])}`;
}

export function fact(name: string, value: string): string {
  return `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`;
}

export function splitName(split: 'train' | 'val'): string {
  return split === 'val' ? 'Validation split' : 'Training split';
}

export function percent(fraction: number | null): string {
  return fraction === null ? '-' : `${(fraction * 100).toFixed(2)} %`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function rate(images: number, elapsedMs: number): string {
  return elapsedMs > 0 ? `${((images * 1000) / elapsedMs).toFixed(1)} images a second` : 'at once';
}

export function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Names come from folders and files, which are not to be trusted. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export interface Cell {
  text: string;
  /** Numbers stand to the right. */
  number?: boolean;
}

/** A table of texts, which are made safe; a column is to the right where its title is a number's. */
export function table(titles: readonly Cell[], rows: readonly (readonly string[])[]): string {
  const kind = (column: number) => (titles[column]?.number ? ' class="n"' : '');
  const head = titles.map(({ text }, column) => `<th${kind(column)}>${escapeHtml(text)}</th>`).join('');
  const body = rows.map(
    (row) => `<tr>${row.map((text, column) => `<td${kind(column)}>${escapeHtml(text)}</td>`).join('')}</tr>`,
  );
  return `<table><thead><tr>${head}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody></table>`;
}

/** "2026-01-02 03:04 UTC" */
export function when(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

const style = `
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60666d; --paper: #fff; --line: #d9dce0; --right: #1a6b3c; --wrong: #b3261e; --one: #1f63d6; --two: #c2630a; --three: #15804a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #9aa0a6; --paper: #16181b; --line: #3a3e44; --right: #63c38b; --wrong: #ff8a80; --one: #66a3ff; --two: #f2a65a; --three: #55c98f; }
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
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.facts { width: auto; } .facts th { padding-right: 2rem; }
figure { margin: 1rem 0 1.5rem; } figcaption { color: var(--soft); font-size: .87rem; margin-top: .4rem; max-width: 46rem; }
.plot { width: 100%; max-width: 45rem; height: auto; } .plot.reliability { max-width: 22rem; }
.plot .frame { fill: none; stroke: var(--line); } .plot .grid { stroke: var(--line); stroke-width: 1; fill: none; }
.plot .axis { stroke: var(--soft); fill: none; } .plot text { fill: var(--soft); font-size: 11px; font-family: inherit; }
.plot .end { text-anchor: end; } .plot .mid { text-anchor: middle; } .plot .diagonal { stroke: var(--soft); stroke-dasharray: 4 4; fill: none; }
.plot .accuracy { fill: var(--one); fill-opacity: .75; } .plot .amount { fill: var(--soft); fill-opacity: .45; }
.plot .gap { fill: var(--two); fill-opacity: .45; stroke: var(--two); stroke-width: .7; }
.plot .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .plot .band { stroke: none; fill-opacity: .14; }
.s1 { stroke: var(--one); fill: var(--one); } .s2 { stroke: var(--two); fill: var(--two); } .s3 { stroke: var(--three); fill: var(--three); }
.plot .dot { stroke: var(--paper); stroke-width: 1; } .plot .event { stroke: var(--soft); stroke-dasharray: 2 3; fill: none; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0 0 .25rem; padding: 0; list-style: none; color: var(--soft); font-size: .87rem; }
.legend i { display: inline-block; width: 1.2rem; height: .25rem; vertical-align: middle; margin-right: .4rem; border-radius: 2px; }
.legend .s1 { background: var(--one); } .legend .s2 { background: var(--two); } .legend .s3 { background: var(--three); }
.lead { color: var(--ink); font-size: 1.05rem; max-width: 46rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 0 2rem; }
.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 1rem; padding: 0; list-style: none; }
.photos img { width: 100%; aspect-ratio: 1; border-radius: 3px; display: block; margin-bottom: .3rem; } .photos li { font-size: .84rem; line-height: 1.35; overflow-wrap: anywhere; }
.photos b { color: var(--wrong); } .kernels { image-rendering: pixelated; width: 100%; max-width: 45rem; height: auto; display: block; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .87em; overflow-wrap: anywhere; }
.timeline { padding: 0; list-style: none; } .timeline li { display: grid; grid-template-columns: 11.5rem 7rem 1fr; gap: .25rem 1rem; padding: .2rem 0; border-bottom: 1px solid var(--line); }
.timeline span { color: var(--soft); font-variant-numeric: tabular-nums; }
.map { width: 100%; max-width: 45rem; height: auto; }
.map text { fill: var(--soft); font-size: 11px; font-family: inherit; } .map .end { text-anchor: end; }
.map .frame { fill: none; stroke: var(--line); }
.map .right { fill: var(--right); } .map .wrong { fill: var(--wrong); }
@media print {
  @page { size: A4; margin: 18mm 16mm; }
  :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --line: #bbb; --right: #1a6b3c; --wrong: #b3261e; --one: #1f63d6; --two: #c2630a; --three: #15804a; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; } h2, h3, h2 + p { break-after: avoid; } .map { max-width: 12cm; } figure, .photos li { break-inside: avoid; }
  .plot, .legend i, .photos img, .kernels { print-color-adjust: exact; -webkit-print-color-adjust: exact; } thead { display: table-header-group; } tr, svg, .figures { break-inside: avoid; }
  .map rect { print-color-adjust: exact; }
}
`;
