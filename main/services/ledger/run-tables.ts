// The rows of the ledger that a run stands in, as tables of its report.
import { rowWords } from '../../api/ledger-words.ts';
import type { ReadableDatabase } from '../../data/database.ts';
import { plansOfRun } from '../../data/ledger.ts';
import type { ReportTable } from '../report/run-report.ts';
import type { LedgerService } from './ledger.ts';

/** One table a plan; none where the run is in no plan, or its data set is gone. */
export async function ledgerTables(
  db: ReadableDatabase,
  ledger: LedgerService,
  runId: string,
): Promise<ReportTable[]> {
  const tables: ReportTable[] = [];
  const claims = ledger.claims();
  for (const planId of new Set(plansOfRun(db, runId))) {
    const datasetId = ledger.plan(planId).settings.datasetId;
    if (db.get('ledger.reportDataset', 'SELECT 1 FROM datasets WHERE id = ?', [datasetId]) === undefined)
      continue;
    const { rows, comparability, dataset } = await ledger.show(planId);
    const own = rows.flatMap((row) => {
      const sides = [row.baseline, row.variant].filter(({ runs }) => runs.some((run) => run.runId === runId));
      const claim = claims.find(({ id }) => id === row.claim);
      if (sides.length === 0 || claim === undefined) return [];
      const { title, paper, ours, interval, verdict } = rowWords(claim, row);
      const here = sides.map((side) => side.title).join(', ');
      return [[title, here, paper, interval === '' ? ours : `${ours} (${interval})`, verdict]];
    });
    if (own.length === 0) continue;
    tables.push({
      title: `Claims of the paper that this run is part of, on ${dataset.name}`,
      explanation: comparability.why,
      columns: [
        { text: 'Claim' },
        { text: 'This run is' },
        { text: 'Paper', number: true },
        { text: 'Here', number: true },
        { text: 'Verdict' },
      ],
      rows: own,
    });
  }
  return tables;
}
