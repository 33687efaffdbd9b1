// A ledger as a file: JSON with everything, CSV for spreadsheets, Markdown for a README.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import type { Claim, Ledger, LedgerFile, LedgerRow } from '../../api/ledger.ts';
import { tally, tallyLines } from '../../api/ledger-tally.ts';
import { rowWords, verdictWords } from '../../api/ledger-words.ts';
import { csvRow } from '../report/evaluation-tables.ts';
import { ledgerPage } from './export-page.ts';

export type LedgerFormat = 'json' | 'csv' | 'html' | 'md';

export interface FileFacts {
  claims: readonly Claim[];
  ledger: Ledger;
  version: string;
  command: string;
  trainedMs: number;
  /** Ms UTC. */
  now: number;
}

export function ledgerFile({ claims, ledger, version, command, trainedMs, now }: FileFacts): LedgerFile {
  const rows = new Set(ledger.rows.map(({ claim }) => claim));
  return {
    format: 'alexnet-studio-ledger-1',
    title: `${ledger.plan.settings.preset} on ${ledger.plan.datasetName}`,
    command,
    madeAt: new Date(now).toISOString(),
    version,
    commit: commit(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      platform: `${process.platform} ${process.arch}`,
      node: process.version,
    },
    trainedMs,
    claims: claims.filter(({ id }) => rows.has(id)),
    ledger,
  };
}

/** Of a checkout; empty where there is none. */
function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

export function ledgerText(file: LedgerFile, format: LedgerFormat): string {
  if (format === 'json') return `${JSON.stringify(file, null, 2)}\n`;
  if (format === 'html') return ledgerPage(file);
  return format === 'csv' ? csv(file) : markdown(file);
}

const pairs = ({ claims, ledger }: LedgerFile) =>
  ledger.rows.flatMap((row) => {
    const claim = claims.find(({ id }) => id === row.claim);
    return claim === undefined ? [] : [{ claim, row }];
  });

const inPoints = (fraction: number | null | undefined) =>
  fraction === null || fraction === undefined ? '' : Number((fraction * 100).toFixed(4));

function cells({ claim, row }: { claim: Claim; row: LedgerRow }): (string | number)[] {
  return [
    claim.id,
    claim.title,
    claim.change,
    claim.measure,
    inPoints(claim.paper?.top1),
    inPoints(claim.paper?.top5),
    inPoints(claim.author?.top1),
    inPoints(claim.author?.top5),
    claim.paper?.ratio ?? '',
    inPoints(row.baseline.top1Error),
    inPoints(row.variant.top1Error),
    inPoints(row.top1?.mean),
    inPoints(row.top1?.low),
    inPoints(row.top1?.high),
    inPoints(row.top5?.mean),
    row.ratio?.mean ?? '',
    row.ratioAtLeast ?? '',
    row.done,
    row.wanted,
    verdictWords[row.verdict],
    [claim.paper?.source, claim.author?.source].filter((source) => source !== undefined).join('; '),
  ];
}

const csvColumns =
  'row,claim,change,measure,paper top-1,paper top-5,author top-1,author top-5,paper ratio,baseline error,variant error,ours top-1,low,high,ours top-5,ours ratio,ratio at least,seeds done,seeds wanted,verdict,sources';

const csv = (file: LedgerFile) => [csvColumns.split(','), ...pairs(file).map(cells)].map(csvRow).join('');

function markdown(file: LedgerFile): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const { settings } = file.ledger.plan;
  const { widthFactor, epochs, batchSize } = settings.scale;
  return [
    `# Ledger: ${file.title}`,
    '',
    file.ledger.comparability.why,
    '',
    `${settings.seeds} seeds, ${widthFactor} times the width, ${epochs} epochs, batch ${batchSize}, ${settings.precision}, ${settings.devices.join(', ')}.`,
    '',
    ...tallyLines(tally(pairs(file).map(({ claim, row }) => ({ claim, verdict: row.verdict })))).map(
      (line) => `- ${line}`,
    ),
    '',
    '| claim | change | paper | author | ours | 95 % interval | seeds | verdict |',
    '|---|---|---|---|---|---|---|---|',
    ...pairs(file).map(({ claim, row }) => {
      const { title, change, paper, author, ours, interval, seeds, verdict } = rowWords(claim, row);
      const texts = [title, change, paper, author, ours, interval, seeds, verdict];
      return `| ${texts.map(cell).join(' | ')} |`;
    }),
    '',
    'Points of top-1 error that the change costs; x: times as many epochs to 25 % training error.',
    '',
    ...(file.command === '' ? [] : ['```', file.command, '```', '']),
    `Version ${file.version}${file.commit === '' ? '' : `, commit ${file.commit}`}; ${file.machine.cores} cores of ${file.machine.cpu}; ${file.madeAt}.`,
    '',
  ].join('\n');
}
