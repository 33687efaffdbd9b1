// What a command is and what it is given.
import type { Studio } from '../../services/studio.ts';
import type { ArgumentSpec, Arguments } from './arguments.ts';
import type { Output } from './output.ts';

export interface Context {
  /** What people type before a command, for hints. */
  program: string;
  output: Output;
  /** Aborted when the user interrupts, or nobody reads the output any more. */
  signal: AbortSignal;
  now: () => number;
  /** Opened at the first call. */
  studio(): Studio;
}

// biome-ignore lint/suspicious/noConfusingVoidType: most commands just return
export type CommandEnd = void | undefined | 'failed';

export interface Command extends ArgumentSpec {
  /** Fails by throwing, or with 'failed' where everything was said already. */
  run(context: Context, args: Arguments): Promise<CommandEnd> | CommandEnd;
}
