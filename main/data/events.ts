// Table events: a run's log, by which it can be replayed.
import { objectSchema } from '../api/json.ts';
import type { RunEvent } from '../api/runs.ts';
import { type AppliedCommand, appliedCommandSchema } from '../api/training.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

export type NewEvent = Omit<RunEvent, 'id'>;

export function insertEvent(db: WritableDatabase, runId: string, event: NewEvent): number {
  return db.insert(
    'events.insert',
    'INSERT INTO events (run_id, step, kind, payload, at) VALUES (?, ?, ?, ?, ?)',
    [runId, event.step, event.kind, JSON.stringify(event.payload), event.at],
  );
}

export const eventPageSql = `SELECT id, step, kind, payload, at FROM events
  WHERE run_id = ? AND (step, id) > (?, ?) ORDER BY step, id LIMIT ?`;

export interface EventPage {
  /** The last event of the page before. */
  after?: Pick<RunEvent, 'step' | 'id'>;
  limit?: number;
}

/** In the order of their steps. */
export function listEvents(
  db: ReadableDatabase,
  runId: string,
  { after, limit = 1000 }: EventPage = {},
): RunEvent[] {
  const rows = db.all<Omit<RunEvent, 'payload'> & { payload: string }>('events.page', eventPageSql, [
    runId,
    after?.step ?? -1,
    after?.id ?? 0,
    limit,
  ]);
  return rows.map((row) => ({ ...row, payload: fromJson(objectSchema, row.payload, 'events.payload') }));
}

/** Every one, in the order of their steps: a run of a week writes a checkpoint every ten minutes. */
export function allEvents(db: ReadableDatabase, runId: string): RunEvent[] {
  const events: RunEvent[] = [];
  const limit = 1000;
  for (;;) {
    const after = events.at(-1);
    const page = listEvents(db, runId, after === undefined ? { limit } : { after, limit });
    events.push(...page);
    if (page.length < limit) return events;
  }
}

// The plus keeps the run's index out of it: by ids it reads the few events that are new, of whatever runs.
export const newEventsSql = `SELECT id, step, kind, payload, at FROM events
  WHERE id > ? AND +run_id = ? ORDER BY id LIMIT ?`;

/** A run's events after an event's id, in the order in which they were stored. */
export function listNewEvents(
  db: ReadableDatabase,
  runId: string,
  afterId: number,
  limit = 1000,
): RunEvent[] {
  const sql = newEventsSql;
  const rows = db.all<Omit<RunEvent, 'payload'> & { payload: string }>('events.new', sql, [
    afterId,
    runId,
    limit,
  ]);
  return rows.map((row) => ({ ...row, payload: fromJson(objectSchema, row.payload, 'events.payload') }));
}

/** The id of the newest event of all runs; 0 where there is none. */
export function lastEventId(db: ReadableDatabase): number {
  return db.get<{ id: number | null }>('events.last', 'SELECT max(id) AS id FROM events')?.id ?? 0;
}

export const commandsFromSql = `SELECT payload FROM events
  WHERE run_id = ? AND step >= ? AND kind = 'command' ORDER BY step, id`;

/**
 * Commands that people gave at `step` completed steps or later, in order: what a resume from a checkpoint of
 * that step replays. A command at the very step of the checkpoint may be part of it or not; the engine's state
 * knows, so it is included and harmless to repeat.
 */
export function listCommandsFrom(db: ReadableDatabase, runId: string, step: number): AppliedCommand[] {
  return db
    .all<{ payload: string }>('events.commandsFrom', commandsFromSql, [runId, step])
    .map((row) => fromJson(appliedCommandSchema, row.payload, 'events.payload'))
    .filter((command) => command.steered);
}

/**
 * Before a resume makes the steps beyond `step` again: what the schedule does there, what devices say and which
 * checkpoints are written is told again, so it leaves the log; what people steered is applied again without a word, so it stays.
 * Returns how many events went.
 */
export function forgetRepeatedEvents(db: WritableDatabase, runId: string, step: number): number {
  return db.run(
    'events.forgetRepeated',
    `DELETE FROM events WHERE run_id = ? AND step > ?
       AND (kind IN ('checkpoint', 'notice') OR (kind = 'command' AND payload ->> 'steered' = 0))`,
    [runId, step],
  );
}
