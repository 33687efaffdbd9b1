// Tables ledger_plans and ledger_runs: which runs belong to which plan of the ledger.
import { type LedgerPlan, type LedgerSettings, ledgerSettingsSchema } from '../api/ledger.ts';
import { type RunConfig, runConfigSchema } from '../api/run-config.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

type PlanRow = { id: string; datasetName: string; settings: string; active: number; createdAt: number };

const planColumns = 'id, dataset_name AS datasetName, settings, active, created_at AS createdAt';

function toPlan(row: PlanRow): LedgerPlan {
  const settings = fromJson(ledgerSettingsSchema, row.settings, 'ledger_plans.settings');
  return { ...row, settings, active: row.active !== 0 };
}

/** Newest first. */
export function listLedgerPlans(db: ReadableDatabase): LedgerPlan[] {
  const sql = `SELECT ${planColumns} FROM ledger_plans ORDER BY created_at DESC, id`;
  return db.all<PlanRow>('ledger.plans', sql).map(toPlan);
}

export function getLedgerPlan(db: ReadableDatabase, id: string): LedgerPlan | undefined {
  const sql = `SELECT ${planColumns} FROM ledger_plans WHERE id = ?`;
  const row = db.get<PlanRow>('ledger.plan', sql, [id]);
  return row && toPlan(row);
}

export function findLedgerPlan(db: ReadableDatabase, identity: string): LedgerPlan | undefined {
  const sql = `SELECT ${planColumns} FROM ledger_plans WHERE identity = ?`;
  const row = db.get<PlanRow>('ledger.planByIdentity', sql, [identity]);
  return row && toPlan(row);
}

export function insertLedgerPlan(db: WritableDatabase, plan: LedgerPlan & { identity: string }): void {
  db.insert(
    'ledger.insertPlan',
    `INSERT INTO ledger_plans (id, dataset_id, dataset_name, identity, settings, active, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [
      plan.id,
      plan.settings.datasetId,
      plan.datasetName,
      plan.identity,
      JSON.stringify(plan.settings),
      Number(plan.active),
      plan.createdAt,
    ],
  );
}

export function changeLedgerPlan(
  db: WritableDatabase,
  id: string,
  change: { settings?: LedgerSettings; active?: boolean },
): void {
  db.change(
    'ledger.changePlan',
    'UPDATE ledger_plans SET settings = coalesce(?, settings), active = coalesce(?, active) WHERE id = ?',
    [
      change.settings === undefined ? null : JSON.stringify(change.settings),
      change.active === undefined ? null : Number(change.active),
      id,
    ],
    'this plan of the ledger was removed',
  );
}

/** The runs stay. */
export function deleteLedgerPlan(db: WritableDatabase, id: string): void {
  db.change(
    'ledger.deletePlan',
    'DELETE FROM ledger_plans WHERE id = ?',
    [id],
    'this plan of the ledger was removed already',
  );
}

export interface LedgerLink {
  recipe: string;
  seed: number;
  runId: string;
}

export const ledgerLinksSql = `SELECT recipe, seed, run_id AS runId FROM ledger_runs
  WHERE plan_id = ? ORDER BY recipe, seed`;

export function listLedgerLinks(db: ReadableDatabase, planId: string): LedgerLink[] {
  return db.all<LedgerLink>('ledger.links', ledgerLinksSql, [planId]);
}

/** In the place of the run that was there. */
export function linkLedgerRun(db: WritableDatabase, planId: string, link: LedgerLink): void {
  db.insert(
    'ledger.link',
    'INSERT OR REPLACE INTO ledger_runs (plan_id, recipe, seed, run_id) VALUES (?, ?, ?, ?)',
    [planId, link.recipe, link.seed, link.runId],
  );
}

export const plansOfRunSql = 'SELECT plan_id AS planId FROM ledger_runs WHERE run_id = ?';

export function plansOfRun(db: ReadableDatabase, runId: string): string[] {
  return db.all<{ planId: string }>('ledger.plansOfRun', plansOfRunSql, [runId]).map(({ planId }) => planId);
}

/**
 * Runs from drawn weights on this data set with this seed that may be used again: not failed, not steered by hand.
 * The oldest first.
 */
export const reusableRunsSql = `SELECT runs.id AS runId, config FROM runs JOIN run_recipes ON run_id = runs.id
  WHERE dataset_id = @datasetId AND runs.init = '' AND state <> 'failed' AND config ->> '$.seed' = @seed
    AND NOT EXISTS (SELECT 1 FROM events WHERE events.run_id = runs.id AND kind = 'command'
      AND payload ->> 'steered' = 1 AND payload ->> 'command' NOT IN ('pause', 'resume', 'stop', 'checkpoint'))
  ORDER BY runs.created_at`;

export function listReusableRuns(
  db: ReadableDatabase,
  datasetId: string,
  seed: number,
): { runId: string; config: RunConfig }[] {
  return db
    .all<{ runId: string; config: string }>('ledger.reusable', reusableRunsSql, { datasetId, seed })
    .map(({ runId, config }) => ({ runId, config: fromJson(runConfigSchema, config, 'runs.config') }));
}
