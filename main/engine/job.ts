// What the host runs: one job, told what to do by its parent's messages.
import { AppError } from '../api/errors.ts';
import type { Addon } from './addon.ts';
import type { FromHost, ToHost } from './protocol.ts';
import type { HostStorage } from './storage.ts';

export interface JobContext {
  readonly addon: Addon;
  readonly storage: HostStorage;
  send(message: FromHost): void;
}

/** What the parent may say to a job that runs. */
export type JobMessage = Exclude<ToHost, { type: 'start' }>;

export interface RunningJob {
  /** Resolves when the job is done; everything that it held is released by then, whichever way it ends. */
  run(): Promise<void>;
  /** Throws INVALID_ARGUMENT where this kind of job knows no such message. */
  handle(message: JobMessage): void;
}

export function unexpected(job: string, message: JobMessage): AppError {
  return new AppError('INVALID_ARGUMENT', `A job of the kind ${job} takes no message "${message.type}".`);
}
