// A ledger as one HTML file that needs nothing else: each row with its numbers on an axis.
import type { Claim, LedgerFile, LedgerRow } from '../../api/ledger.ts';
import { type TallyGroup, tally } from '../../api/ledger-tally.ts';
import { rowWords } from '../../api/ledger-words.ts';
import { escapeHtml } from '../report/markup.ts';

const plotWidth = 260;
const plotHeight = 34;

export function ledgerPage(file: LedgerFile): string {
  const { ledger, claims } = file;
  const { settings } = ledger.plan;
  const { widthFactor, epochs, batchSize } = settings.scale;
  const pairs = ledger.rows.flatMap((row) => {
    const claim = claims.find(({ id }) => id === row.claim);
    return claim === undefined ? [] : [{ claim, row }];
  });
  const rows = pairs.map(({ claim, row }) => pageRow(claim, row));
  const groups = tally(pairs.map(({ claim, row }) => ({ claim, verdict: row.verdict })));
  const facts = [
    `${settings.seeds} seeds`,
    `${widthFactor} times the width`,
    `${epochs} epochs`,
    `batch ${batchSize}`,
    settings.precision,
    settings.devices.join(', '),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Ledger: ${escapeHtml(file.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Ledger: ${escapeHtml(file.title)}</h1>
<p>${escapeHtml(facts.join(', '))}.</p>
<p class="note">${escapeHtml(ledger.comparability.why)}</p>
<ul class="tally">
${groups.map(pageGroup).join('\n')}
</ul>
<table>
<thead><tr><th>Claim</th><th class="n">Paper</th><th class="n">Author’s log</th><th class="n">Here</th><th>On one axis</th><th>Verdict</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table>
<p class="legend"><b class="p">|</b> paper <b class="a">◆</b> author’s log <b class="o">●</b> here, with its 95 % interval; points of top-1 error that the change costs, or times as many epochs to 25 % training error: right of the grey line the claim holds.</p>
${file.command === '' ? '' : `<pre>${escapeHtml(file.command)}</pre>`}
<p class="small">Version ${escapeHtml(file.version)}${file.commit === '' ? '' : `, commit ${escapeHtml(file.commit)}`}; ${file.machine.cores} cores of ${escapeHtml(file.machine.cpu)}; ${escapeHtml(file.madeAt)}.</p>
</main>
</body>
</html>
`;
}

function pageGroup({ key, title, claims }: TallyGroup): string {
  return `<li class="${key}"><b>${claims.length} ${escapeHtml(title)}</b> <span class="small">${escapeHtml(claims.join(', '))}</span></li>`;
}

function pageRow(claim: Claim, row: LedgerRow): string {
  const { title, change, paper, author, ours, interval, verdict } = rowWords(claim, row);
  const sources = [claim.paper?.source, claim.author?.source].filter((source) => source !== undefined);
  return `<tr><td><b>${escapeHtml(title)}</b><br>${escapeHtml(change)}<br><span class="small">${escapeHtml(sources.join('; '))}</span></td>
<td class="n">${escapeHtml(paper)}</td><td class="n">${escapeHtml(author)}</td>
<td class="n">${escapeHtml(ours)}<br><span class="small">${escapeHtml(interval)}</span></td>
<td>${plot(claim, row)}</td>
<td class="v ${row.verdict}">${escapeHtml(verdict)}<br><span class="small">${escapeHtml(row.because)}</span></td></tr>`;
}

/** Paper, author and here on one axis, 0 or once in it. */
function plot(claim: Claim, row: LedgerRow): string {
  const ratio = claim.measure === 'epochs';
  const neutral = ratio ? 1 : 0;
  const ours = ratio ? row.ratio : row.top1;
  const paper = ratio ? claim.paper?.ratio : claim.paper?.top1;
  const author = ratio ? null : claim.author?.top1;
  const all = [neutral, paper, author, ours?.mean, ours?.low, ours?.high].filter(
    (x) => typeof x === 'number',
  );
  const least = Math.min(...all);
  const span = Math.max(...all) - least || 1;
  const x = (value: number) => (8 + ((value - least) / span) * (plotWidth - 16)).toFixed(1);
  const middle = plotHeight / 2;
  const marks = [`<line class="zero" x1="${x(neutral)}" x2="${x(neutral)}" y1="2" y2="${plotHeight - 2}"/>`];
  if (ours !== null && ours.low !== null && ours.high !== null)
    marks.push(
      `<line class="interval" x1="${x(ours.low)}" x2="${x(ours.high)}" y1="${middle}" y2="${middle}"/>`,
    );
  if (typeof paper === 'number')
    marks.push(`<line class="paper" x1="${x(paper)}" x2="${x(paper)}" y1="6" y2="${plotHeight - 6}"/>`);
  if (typeof author === 'number') {
    const at = Number(x(author));
    marks.push(
      `<path class="author" d="M${at - 5} ${middle}L${at} ${middle - 5}L${at + 5} ${middle}L${at} ${middle + 5}Z"/>`,
    );
  }
  if (ours !== null) marks.push(`<circle class="ours" cx="${x(ours.mean)}" cy="${middle}" r="4.5"/>`);
  return `<svg width="${plotWidth}" height="${plotHeight}" viewBox="0 0 ${plotWidth} ${plotHeight}" role="img" aria-label="${escapeHtml(claim.title)}">${marks.join('')}</svg>`;
}

const style = `
:root{color-scheme:light dark;--t:#182029;--s:#5a6673;--l:#dde2e8;--b:#fff;--o:#1b5fcf;--a:#c2630a;--g:#12693f;--r:#b92b22}
@media (prefers-color-scheme:dark){:root{--t:#e4e9ef;--s:#8a96a5;--l:#262d36;--b:#14181d;--o:#66a3ff;--a:#f2a65a;--g:#55c98f;--r:#ff8078}}
body{margin:0;background:var(--b);color:var(--t);font:14px/1.45 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:24px}
table{width:100%;border-collapse:collapse}
th,td{padding:8px;border-bottom:1px solid var(--l);text-align:left;vertical-align:top}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.small{color:var(--s);font-size:12px}
.note{padding:8px 12px;border-left:3px solid var(--a)}
.v{font-weight:600}.v .small{font-weight:400}
.sameDirection,.agrees{color:var(--g)}.oppositeDirection,.failed{color:var(--r)}
.tally{list-style:none;padding:0}.holds b{color:var(--g)}.against b{color:var(--r)}
.zero{stroke:var(--l);stroke-width:2}.interval{stroke:var(--o);stroke-width:2}
.paper{stroke:var(--t);stroke-width:2}.author{fill:var(--a)}.ours{fill:var(--o)}
.legend .a{color:var(--a)}.legend .o{color:var(--o)}
pre{white-space:pre-wrap;padding:8px 12px;border:1px solid var(--l)}
@media print{main{max-width:none;padding:0}tr{break-inside:avoid}}
`;
