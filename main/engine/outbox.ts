// What is told about a run, in order, at most ten times a second: records gather, and what comes between them
// keeps its place.
import type { TrainingRecord } from '../api/training.ts';
import type { FromHost } from './protocol.ts';

const intervalMs = 100;

export class Outbox {
  readonly #send: (message: FromHost) => void;
  #waiting: FromHost[] = [];
  #records: TrainingRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(send: (message: FromHost) => void) {
    this.#send = send;
  }

  addRecords(records: readonly TrainingRecord[]): void {
    if (records.length === 0) return;
    this.#records.push(...records);
    this.#schedule();
  }

  /** A message that comes after all records so far. */
  add(message: FromHost): void {
    this.#gather();
    this.#waiting.push(message);
    this.#schedule();
  }

  /** Sends everything now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#gather();
    const messages = this.#waiting;
    this.#waiting = [];
    this.#sentAt = performance.now();
    for (const message of messages) this.#send(message);
  }

  #gather(): void {
    if (this.#records.length === 0) return;
    this.#waiting.push({ type: 'training', events: this.#records });
    this.#records = [];
  }

  #schedule(): void {
    const dueMs = this.#sentAt + intervalMs - performance.now();
    if (dueMs <= 0) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), dueMs);
  }
}
