// Command-line arguments: what a command takes, how its usage reads, and typed access to what was given.
// Whatever does not fit is a USAGE error that names the option.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { AppError } from '../../api/errors.ts';
import { closest } from '../../api/nearest.ts';

export interface OptionSpec {
  /** How the value is called in the usage; without it the option is a switch. */
  value?: string;
  help: string;
  required?: boolean;
  multiple?: boolean;
}

export interface ArgumentSpec {
  /** The words that call the command, e.g. ['dataset', 'add']. */
  words: readonly string[];
  summary: string;
  /** In the usage, e.g. 'RUN' or 'PATH...'. */
  positionals?: string;
  /** How many positionals: [least, most]. */
  positionalCount?: readonly [number, number];
  options?: Readonly<Record<string, OptionSpec>>;
  /** Lines below the options. */
  notes?: readonly string[];
}

export interface Globals {
  dataDir: string | undefined;
  json: boolean;
  quiet: boolean;
  help: boolean;
  version: boolean;
}

const globalNames = ['data-dir', 'json', 'quiet', 'help', 'version'];

/** Takes the global options out, wherever they stand before a '--'. Throws USAGE. */
export function splitGlobals(argv: readonly string[]): { globals: Globals; rest: string[] } {
  const globals: Globals = { dataDir: undefined, json: false, quiet: false, help: false, version: false };
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    if (argument === '--') return { globals, rest: [...rest, ...argv.slice(i)] };
    if (argument === '--json') globals.json = true;
    else if (argument === '--quiet') globals.quiet = true;
    else if (argument === '--help' || argument === '-h') globals.help = true;
    else if (argument === '--version') globals.version = true;
    else if (argument === '--data-dir') globals.dataDir = argv[++i] ?? '';
    else if (argument.startsWith('--data-dir=')) globals.dataDir = argument.slice('--data-dir='.length);
    else rest.push(argument);
  }
  if (globals.dataDir === '') throw usageError('--data-dir needs a folder');
  return { globals, rest };
}

export function usageError(message: string): AppError {
  return new AppError('USAGE', message);
}

/** What was given to a command. */
export class Arguments {
  readonly positionals: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(positionals: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.positionals = positionals;
    this.#values = values;
  }

  /** The positional at `index`; the command's positionalCount says that it is there. */
  positional(index: number): string {
    const value = this.positionals[index];
    if (value === undefined) throw usageError('an argument is missing');
    return value;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)?.[0];
    if (value === '') throw usageError(`--${name} is empty`);
    return value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw usageError(`--${name} is missing`);
    return value;
  }

  number(name: string, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    return checkRange(name, text, toNumber(name, text), min, max);
  }

  integer(name: string, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^[+-]?\d+$/.test(text)) throw usageError(`--${name} takes a whole number, not '${text}'`);
    return checkRange(name, text, Number(text), min, max);
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw usageError(`--${name} takes ${choices.join(' or ')}, not '${text}'`);
    return found;
  }

  /** Three numbers, 'R,G,B'. */
  triple(name: string): [number, number, number] | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [r, g, b, ...more] = text.split(',').map((part) => toNumber(name, part));
    if (r === undefined || g === undefined || b === undefined || more.length > 0) {
      throw usageError(`--${name} takes three numbers R,G,B, not '${text}'`);
    }
    return [r, g, b];
  }
}

/** Parses what follows a command's words. Throws USAGE. */
export function parseArguments(spec: ArgumentSpec, argv: readonly string[]): Arguments {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const [name, option] of Object.entries(spec.options ?? {})) {
    options[name] = { type: option.value === undefined ? 'boolean' : 'string', multiple: true };
  }
  let parsed: ReturnType<typeof parseArgs>;
  try {
    const args = withNegativeNumbers(argv, spec.options ?? {});
    parsed = parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw explained(error, spec.options ?? {});
  }
  const values = new Map<string, readonly string[]>();
  for (const [name, given] of Object.entries(parsed.values)) {
    const list = (Array.isArray(given) ? given : [given]).map(String);
    if (list.length > 1 && spec.options?.[name]?.multiple !== true) {
      throw usageError(`--${name} is given ${list.length} times`);
    }
    values.set(name, list);
  }
  for (const [name, option] of Object.entries(spec.options ?? {})) {
    if (option.required === true && !values.has(name)) throw usageError(`--${name} is missing`);
  }
  const [least, most] = spec.positionalCount ?? [0, 0];
  const { positionals } = parsed;
  if (positionals.length < least) throw usageError(`${spec.positionals ?? 'an argument'} is missing`);
  if (positionals.length > most) throw usageError(`'${positionals[most]}' is one argument too many`);
  if (positionals.includes('')) throw usageError('an argument is empty');
  return new Arguments(positionals, values);
}

/** `--mean -1,2,3` as `--mean=-1,2,3`: Node takes what begins with a dash for an option. */
function withNegativeNumbers(
  argv: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
): string[] {
  const joined: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    const next = argv[i + 1] ?? '';
    if (argument === '--') return [...joined, ...argv.slice(i)];
    const takesValue = argument.startsWith('--') && options[argument.slice(2)]?.value !== undefined;
    if (takesValue && /^-\.?\d/.test(next)) {
      joined.push(`${argument}=${next}`);
      i += 1;
    } else {
      joined.push(argument);
    }
  }
  return joined;
}

/** What parseArgs refuses, in words that name the option and what to do. */
function explained(error: unknown, options: Readonly<Record<string, OptionSpec>>): AppError {
  if (!(error instanceof Error)) return usageError(String(error));
  // The option is quoted: 'Unknown option '--x'', 'Option '--x <value>' argument missing'.
  const option = /'(--?[^\s'=]+)/.exec(error.message)?.[1] ?? '';
  const code: unknown = Reflect.get(error, 'code');
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const meant = option.startsWith('--')
      ? closest(option.slice(2), [...Object.keys(options), ...globalNames])
      : undefined;
    return usageError(
      `there is no option '${option}'${meant === undefined ? '' : `; did you mean '--${meant}'?`}`,
    );
  }
  const value = options[option.slice(2)]?.value;
  if (code !== 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' || option === '') return usageError(error.message);
  if (value === undefined) return usageError(`${option} takes no value`);
  const dashes = error.message.includes('ambiguous')
    ? `; one that begins with a dash is given as ${option}=-...`
    : '';
  return usageError(`${option} needs a value, ${value}${dashes}`);
}

function toNumber(name: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw usageError(`--${name} takes a number, not '${text}'`);
  return value;
}

function checkRange(name: string, text: string, value: number, min: number, max: number): number {
  if (value < min) throw usageError(`--${name} must be at least ${min}, not ${text}`);
  if (value > max) throw usageError(`--${name} must be at most ${max}, not ${text}`);
  return value;
}
