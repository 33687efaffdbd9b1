// From an argument list to an exit status: finds the command, parses, runs, reports.
import { AppError, type ErrorCode, toErrorReport } from '../../api/errors.ts';
import { closest } from '../../api/nearest.ts';
import { type Globals, parseArguments, splitGlobals, usageError } from './arguments.ts';
import type { Command, Context } from './command.ts';
import { Output, type TextStream } from './output.ts';
import { commandUsage, overallUsage, usageLine } from './usage.ts';

export const exitStatus = { done: 0, failed: 1, wrongArguments: 2, interrupted: 130 } as const;

/** Errors that say that an argument's value cannot be used; the caller should change the call. */
const argumentErrors: ReadonlySet<ErrorCode> = new Set([
  'USAGE',
  'INVALID_SPEC',
  'INVALID_CONFIG',
  'INVALID_NAME',
]);

export interface Surroundings {
  /** What people type before a command. */
  program: string;
  commands: readonly Command[];
  stdout: TextStream;
  stderr: TextStream;
  now: () => number;
  version: string;
  /** Aborted by the first interrupt. */
  signal: AbortSignal;
  /** The context of a command; `studio` opens the data directory at the first call. */
  openStudio(globals: Globals, output: Output): Pick<Context, 'studio'> & { close(): Promise<void> };
}

export async function runCommand(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { program, commands, stdout, stderr, now, signal } = surroundings;
  // Before anything is parsed, so that a wrong argument is already reported as an object.
  const json = beforeDashes(argv).includes('--json');
  let output = new Output(stdout, stderr, { json, quiet: false, now });
  let command: Command | undefined;
  let opened: ReturnType<Surroundings['openStudio']> | undefined;
  try {
    const { globals, rest } = splitGlobals(argv);
    output = new Output(stdout, stderr, { json: globals.json, quiet: globals.quiet, now });
    if (globals.version) {
      stdout.write(`${surroundings.version}\n`);
      return exitStatus.done;
    }
    if (rest[0] === 'help') return help(rest.slice(1), surroundings);
    if (globals.help) return help(rest, surroundings);
    command = findCommand(rest, commands);
    const args = parseArguments(command, rest.slice(command.words.length));
    opened = surroundings.openStudio(globals, output);
    const end = await command.run({ program, output, signal, now, studio: opened.studio }, args);
    if (signal.aborted) return exitStatus.interrupted;
    return end === 'failed' ? exitStatus.failed : exitStatus.done;
  } catch (error) {
    return report(error, output, command, surroundings);
  } finally {
    output.clearStatus();
    await opened?.close();
  }
}

function report(
  error: unknown,
  output: Output,
  command: Command | undefined,
  { program, stderr, signal }: Surroundings,
): number {
  if (signal.aborted && isAbort(error)) {
    const cancelled = error instanceof AppError ? error.message : 'interrupted';
    output.error({ code: 'CANCELLED', message: cancelled });
    return exitStatus.interrupted;
  }
  const facts = toErrorReport(error);
  output.error(facts);
  if (!(error instanceof AppError) && facts.code === 'INTERNAL' && error instanceof Error) {
    stderr.write(`${error.stack ?? ''}\n`);
  }
  if (facts.code === 'USAGE') {
    const how = command === undefined ? `${program} --help lists the commands` : usageLine(program, command);
    stderr.write(`${how}\n`);
    if (command !== undefined) stderr.write(`${program} ${command.words.join(' ')} --help says more\n`);
  }
  return argumentErrors.has(facts.code) ? exitStatus.wrongArguments : exitStatus.failed;
}

function isAbort(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'AbortError' || (error instanceof AppError && error.code === 'CANCELLED');
}

function findCommand(words: readonly string[], commands: readonly Command[]): Command {
  const found = commands.find((command) => command.words.every((word, i) => words[i] === word));
  if (found !== undefined) return found;
  const first = words[0];
  if (first === undefined || first === '--') throw usageError('a command is missing');
  const group = commands.filter((command) => command.words[0] === first);
  if (group.length > 0) {
    const choices = group.map((command) => command.words.slice(1).join(' ')).join(', ');
    throw usageError(
      words[1] === undefined
        ? `after '${first}' comes one of: ${choices}`
        : `there is no '${first} ${words[1]}'; there are: ${choices}`,
    );
  }
  if (first.startsWith('-')) throw usageError(`there is no option '${first}' without a command`);
  const names = [...new Set(commands.map((command) => command.words[0] ?? ''))];
  const meant = closest(first, names);
  const hint = meant === undefined ? `there are: ${names.join(', ')}` : `did you mean '${meant}'?`;
  throw usageError(`there is no command '${first}'; ${hint}`);
}

function help(words: readonly string[], { program, commands, stdout }: Surroundings): number {
  if (words.length === 0) {
    stdout.write(overallUsage(program, commands));
    return exitStatus.done;
  }
  const group = commands.filter(
    (command) => command.words.length > words.length && words.every((word, i) => command.words[i] === word),
  );
  const own = commands.filter((command) => command.words.join(' ') === words.join(' '));
  if (group.length > 0) {
    stdout.write([...own, ...group].map((command) => commandUsage(program, command)).join('\n'));
  } else stdout.write(commandUsage(program, findCommand(words, commands)));
  return exitStatus.done;
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}
