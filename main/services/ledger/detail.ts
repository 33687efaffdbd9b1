// A row of the ledger looked at closely: what differs between its recipes, and its runs' curves.
import type { ClaimId, LedgerPlan } from '../../api/ledger.ts';
import type { LedgerDetail } from '../../api/operations/ledger.ts';
import type { RunConfig } from '../../api/run-config.ts';
import type { ReadableDatabase } from '../../data/database.ts';
import { readCurve } from '../../data/metrics.ts';
import { configDifferences } from '../runs.ts';
import { definitionOf } from './claims.ts';
import type { LedgerService } from './ledger.ts';

const curvePoints = 400;

export function ledgerDetail(
  db: ReadableDatabase,
  ledger: LedgerService,
  plan: LedgerPlan,
  row: ClaimId,
): LedgerDetail {
  const { baseline, variant } = definitionOf(row);
  const cells = ledger.cells({ ...plan, settings: { ...plan.settings, rows: [row] } });
  const configOf = (id: string): RunConfig | undefined =>
    cells.find(({ recipe }) => recipe.id === id)?.recipe.config;
  const [without, changed] = [configOf(baseline.id), configOf(variant.id)];
  return {
    differences:
      without === undefined || changed === undefined
        ? []
        : configDifferences([without, changed]).map(({ field, values }) => ({
            field,
            baseline: values[0],
            variant: values[1],
          })),
    curves: cells.flatMap(({ recipe, seed, run }) =>
      run === undefined || run.step === 0
        ? []
        : [
            {
              side: recipe.id === baseline.id ? ('baseline' as const) : ('variant' as const),
              seed,
              run,
              curve: readCurve(db, run.id, { points: curvePoints }),
            },
          ],
    ),
  };
}
