// Table jobs: the queue, kept over restarts.

import { objectSchema } from '../api/json.ts';
import type { Job, JobKind, JobState } from '../api/operations/jobs.ts';
import { jobErrorSchema } from '../api/operations/jobs.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { fromJson } from './json.ts';

/** A job as it is kept: without what only a running one has. */
export type StoredJob = Omit<Job, 'progress' | 'canPause'> & { request: Record<string, unknown> };

interface JobRow {
  id: string;
  kind: JobKind;
  title: string;
  request: string;
  state: JobState;
  subject: string | null;
  result: string | null;
  error: string | null;
  skipped: number;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
}

const columns = `id, kind, title, request, state, subject, result, error, skipped, created_at AS createdAt,
  started_at AS startedAt, ended_at AS endedAt`;

function toJob(row: JobRow): StoredJob {
  return {
    ...row,
    request: fromJson(objectSchema, row.request, 'jobs.request'),
    error: row.error === null ? null : fromJson(jobErrorSchema, row.error, 'jobs.error'),
  };
}

export interface NewJob {
  id: string;
  kind: JobKind;
  title: string;
  request: object;
  subject: string | null;
  createdAt: number;
}

/** At the end of the queue. */
export function insertJob(db: WritableDatabase, job: NewJob): void {
  db.insert(
    'jobs.insert',
    `INSERT INTO jobs (id, kind, title, request, state, position, subject, created_at)
     VALUES (?, ?, ?, ?, 'queued', (SELECT coalesce(max(position), 0) + 1 FROM jobs), ?, ?)`,
    [job.id, job.kind, job.title, JSON.stringify(job.request), job.subject, job.createdAt],
  );
}

export function getJob(db: ReadableDatabase, id: string): StoredJob | undefined {
  const row = db.get<JobRow>('jobs.get', `SELECT ${columns} FROM jobs WHERE id = ?`, [id]);
  return row && toJob(row);
}

export const unfinishedJobsSql = `SELECT ${columns} FROM jobs
  WHERE state IN ('queued', 'running', 'paused') ORDER BY position`;

/** Those that wait, run or pause, in the queue's order. */
export function listUnfinishedJobs(db: ReadableDatabase): StoredJob[] {
  return db.all<JobRow>('jobs.unfinished', unfinishedJobsSql).map(toJob);
}

export const endedJobsSql = `SELECT ${columns} FROM jobs WHERE ended_at IS NOT NULL
  ORDER BY ended_at DESC, id LIMIT ?`;

/** Newest first. */
export function listEndedJobs(db: ReadableDatabase, limit: number): StoredJob[] {
  return db.all<JobRow>('jobs.ended', endedJobsSql, [limit]).map(toJob);
}

export interface JobChange {
  state: JobState;
  subject?: string | null;
  result?: string | null;
  error?: { code: string; message: string } | null;
  skipped?: number;
  startedAt?: number;
  endedAt?: number | null;
}

/** What is not given stays. */
export function changeJob(db: WritableDatabase, id: string, change: JobChange): void {
  db.change(
    'jobs.change',
    `UPDATE jobs SET state = @state, subject = coalesce(@subject, subject), result = coalesce(@result, result),
       error = @error, skipped = coalesce(@skipped, skipped), started_at = coalesce(@startedAt, started_at),
       ended_at = @endedAt
     WHERE id = @id`,
    {
      id,
      state: change.state,
      subject: change.subject ?? null,
      result: change.result ?? null,
      error: change.error === undefined || change.error === null ? null : JSON.stringify(change.error),
      skipped: change.skipped ?? null,
      startedAt: change.startedAt ?? null,
      endedAt: change.endedAt ?? null,
    },
    `job ${id} does not exist any more`,
  );
}

/** Puts a queued job before another queued one, or to the end; the others keep their order. */
export function moveJob(db: WritableDatabase, id: string, before: string | null): void {
  db.transaction(() => {
    const queue = db
      .all<{ id: string }>('jobs.queue', "SELECT id FROM jobs WHERE state = 'queued' ORDER BY position")
      .map((job) => job.id)
      .filter((other) => other !== id);
    const at = before === null ? queue.length : queue.indexOf(before);
    queue.splice(at < 0 ? queue.length : at, 0, id);
    const begin =
      db.get<{ n: number }>('jobs.lastPosition', 'SELECT coalesce(max(position), 0) AS n FROM jobs')?.n ?? 0;
    queue.forEach((job, index) => {
      db.change(
        'jobs.move',
        "UPDATE jobs SET position = ? WHERE id = ? AND state = 'queued'",
        [begin + 1 + index, job],
        `job ${job} does not wait in the queue any more`,
      );
    });
  });
}

/** Forgets those that ended; returns how many. */
export function deleteEndedJobs(db: WritableDatabase): number {
  return db.run('jobs.deleteEnded', 'DELETE FROM jobs WHERE ended_at IS NOT NULL');
}
