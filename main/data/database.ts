// Handles on a SQLite file. What may only read gets a ReadableDatabase; writing needs the other type. Every
// statement has a name, for the log of slow ones; statements are prepared once a connection.
import { setTimeout as sleep } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import { AppError } from '../api/errors.ts';
import { fromSqlite, isLocked } from './sqlite-error.ts';

/** What SQLite stores. Integers stay below 2^53: they come back as numbers. */
export type SqlValue = string | number | bigint | null | Uint8Array;
/** For `?` in order, or for `@name`. */
export type SqlParameters = readonly SqlValue[] | Readonly<Record<string, SqlValue>>;

export interface DatabaseOptions {
  /** Takes a line a slow statement. */
  log?: (line: string) => void;
  /** Statements that take longer are logged. */
  slowMs?: number;
}

/** What nobody waits for in front of a screen waits this long for another process's transaction. */
const patienceMs = 600_000;
/** What somebody waits for, and everything once the application ends. */
const shortPatienceMs = 10_000;
/** A transaction of another process takes milliseconds, as a rule. */
const firstPauseMs = 5;
const longestPauseMs = 200;

/** A statement that takes longer than this delays everything else on the thread by a visible amount. */
const defaultSlowMs = 40;

function logToStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One connection: its prepared statements, its clock. */
class Connection {
  readonly raw: BetterSqlite3.Database;
  readonly #statements = new Map<string, BetterSqlite3.Statement<unknown[], unknown>>();
  readonly #log: (line: string) => void;
  readonly #slowMs: number;

  constructor(raw: BetterSqlite3.Database, options: DatabaseOptions) {
    this.raw = raw;
    this.#log = options.log ?? logToStderr;
    this.#slowMs = options.slowMs ?? defaultSlowMs;
  }

  statement(sql: string): BetterSqlite3.Statement<unknown[], unknown> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.raw.prepare<unknown[], unknown>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  timed<T>(name: string, work: () => T): T {
    const begin = performance.now();
    try {
      return work();
    } catch (error) {
      throw fromSqlite(error, this.raw.name, name);
    } finally {
      const elapsedMs = performance.now() - begin;
      if (elapsedMs > this.#slowMs) this.#log(`slow statement ${name}: ${elapsedMs.toFixed(0)} ms`);
    }
  }
}

function bound(parameters: SqlParameters): unknown[] {
  return Array.isArray(parameters) ? (parameters as unknown[]) : [parameters];
}

export class ReadableDatabase {
  protected readonly connection: Connection;

  constructor(raw: BetterSqlite3.Database, options: DatabaseOptions = {}) {
    this.connection = new Connection(raw, options);
  }

  get path(): string {
    return this.connection.raw.name;
  }

  /** Row types are the caller's word: they repeat the columns of the SELECT. */
  all<Row>(name: string, sql: string, parameters: SqlParameters = []): Row[] {
    return this.connection.timed(
      name,
      () => this.connection.statement(sql).all(...bound(parameters)) as Row[],
    );
  }

  get<Row>(name: string, sql: string, parameters: SqlParameters = []): Row | undefined {
    return this.connection.timed(
      name,
      () => this.connection.statement(sql).get(...bound(parameters)) as Row | undefined,
    );
  }

  /** The value of a pragma. */
  pragma(name: string): unknown {
    return this.connection.timed(`pragma ${name}`, () => this.connection.raw.pragma(name, { simple: true }));
  }

  /** What SQLite means to do, a line a step, for tests of hot queries. */
  plan(sql: string, parameters: SqlParameters = []): string[] {
    const rows = this.all<{ detail: string }>('plan', `EXPLAIN QUERY PLAN ${sql}`, parameters);
    return rows.map((row) => row.detail);
  }

  close(): void {
    this.connection.raw.close();
  }
}

export class WritableDatabase extends ReadableDatabase {
  #asyncTransaction = false;
  #changes = 0;
  /** performance.now() */
  #latestEnd = Number.POSITIVE_INFINITY;

  /** Grows with every row that is changed, also of transactions that are rolled back. */
  get changes(): number {
    return this.#changes;
  }

  /** How long a statement waits for another process, holding the thread; then it throws BUSY. */
  set busyTimeoutMs(ms: number) {
    this.connection.raw.pragma(`busy_timeout = ${ms}`);
  }

  get busyTimeoutMs(): number {
    return Number(this.connection.raw.pragma('busy_timeout', { simple: true }));
  }

  /**
   * transaction(), for what must not be lost: while another process writes it waits, and the thread does something else.
   * Where nobody else writes, all is done before this returns. Rejects with BUSY after ten minutes.
   */
  async whenFree<T>(work: () => T): Promise<T> {
    let done: { value: T } | undefined;
    await this.#waitFor(() => {
      done = { value: this.transaction(work) };
    }, patienceMs);
    return (done as unknown as { value: T }).value;
  }

  /** Resolves once nobody else writes. Rejects with BUSY where that takes longer than ten seconds, or `limitMs`. */
  async untilFree(limitMs: number = shortPatienceMs): Promise<void> {
    await this.#waitFor(() => this.transaction(() => {}), limitMs);
  }

  /** From now on nothing waits for long: the application ends. */
  hurry(): void {
    this.#latestEnd = performance.now() + shortPatienceMs;
  }

  async #waitFor(attempt: () => void, limitMs: number): Promise<void> {
    const begin = performance.now();
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      const usualMs = this.busyTimeoutMs;
      this.busyTimeoutMs = 0;
      try {
        return attempt();
      } catch (error) {
        const over = performance.now() > Math.min(begin + limitMs, this.#latestEnd);
        if (over || !isLocked(error, this.path)) throw error;
      } finally {
        this.busyTimeoutMs = usualMs;
      }
      await sleep(pauseMs);
    }
  }

  /** Runs one statement; returns how many rows it changed. */
  run(name: string, sql: string, parameters: SqlParameters = []): number {
    const { changes } = this.connection.timed(name, () =>
      this.connection.statement(sql).run(...bound(parameters)),
    );
    this.#changes += changes;
    return changes;
  }

  /** Runs one statement that must change exactly `expected` rows; NOT_FOUND with `missing` otherwise. */
  change(name: string, sql: string, parameters: SqlParameters, missing: string, expected = 1): void {
    const changed = this.run(name, sql, parameters);
    if (changed === expected) return;
    throw new AppError('NOT_FOUND', missing, { statement: name, changed, expected });
  }

  /** Inserts one row; returns its rowid. */
  insert(name: string, sql: string, parameters: SqlParameters = []): number {
    return this.connection.timed(name, () => {
      const result = this.connection.statement(sql).run(...bound(parameters));
      this.#changes += result.changes;
      if (result.changes !== 1) throw new AppError('INTERNAL', `${name}: inserted ${result.changes} rows`);
      return Number(result.lastInsertRowid);
    });
  }

  /** Several statements at once, without parameters. */
  exec(name: string, sql: string): void {
    this.connection.timed(name, () => this.connection.raw.exec(sql));
  }

  get inTransaction(): boolean {
    return this.connection.raw.inTransaction;
  }

  /** All or nothing. Takes the write lock at once, so that it cannot fail half-way for a lock; nests. */
  transaction<T>(work: () => T): T {
    try {
      return this.connection.raw.transaction(work).immediate();
    } catch (error) {
      throw fromSqlite(error, this.path, 'transaction');
    }
  }

  /** Reads of one moment, whatever other processes write meanwhile. */
  snapshot<T>(read: () => T): T {
    try {
      return this.connection.raw.transaction(read).deferred();
    } catch (error) {
      throw fromSqlite(error, this.path, 'snapshot');
    }
  }

  /**
   * As transaction(), for work that gives way to the event loop. Until it has ended nothing else may use this
   * connection: what another caller wrote would be part of it.
   */
  async transactionAsync<T>(work: () => Promise<T>): Promise<T> {
    if (this.#asyncTransaction || this.inTransaction) {
      throw new AppError('BUSY', `${this.path}: another transaction of this connection is still open`);
    }
    this.#asyncTransaction = true;
    try {
      this.exec('begin', 'BEGIN IMMEDIATE');
      const result = await work();
      this.exec('commit', 'COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors (a full disk among them).
      if (this.inTransaction) this.exec('rollback', 'ROLLBACK');
      throw error;
    } finally {
      this.#asyncTransaction = false;
    }
  }
}
