// What a command is and what it is given.
import type { Studio } from '../../services/studio.ts';
import type { ArgumentSpec, Arguments } from './arguments.ts';
import type { Output } from './output.ts';

export interface Context {
  output: Output;
  /** Aborted when the user interrupts, or nobody reads the output any more. */
  signal: AbortSignal;
  now: () => number;
  /** Opened at the first call. */
  studio(): Studio;
}

export interface Command extends ArgumentSpec {
  /** Done when it returns; fails by throwing. */
  run(context: Context, args: Arguments): Promise<void> | void;
}
