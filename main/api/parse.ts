// Values from outside against a schema: what is wrong becomes one AppError that names the place.
import type * as z from 'zod';
import { AppError, type ErrorCode } from './errors.ts';
import { type RunConfig, runConfigSchema } from './run-config.ts';

type Issue = z.core.$ZodIssue;

/** The issue that says most: a union's own message is only "invalid input", its best branch knows the place. */
function deepest(issue: Issue, prefix: PropertyKey[] = []): { path: PropertyKey[]; issue: Issue } {
  const path = [...prefix, ...issue.path];
  if (issue.code !== 'invalid_union') return { path, issue };
  const branches = issue.errors.flatMap((errors) => errors.slice(0, 1).map((error) => deepest(error, path)));
  const best = branches.sort((a, b) => b.path.length - a.path.length)[0];
  return best !== undefined && best.path.length > path.length ? best : { path, issue };
}

/** A path as people type it: elements with a name go by it (`net.layers.conv1.width`). */
export function showPath(path: readonly PropertyKey[], value: unknown): string {
  let here: unknown = value;
  const shown: string[] = [];
  for (const key of path) {
    here = typeof here === 'object' && here !== null ? Reflect.get(here, key) : undefined;
    const name = typeof here === 'object' && here !== null ? Reflect.get(here, 'name') : undefined;
    shown.push(typeof key === 'number' && typeof name === 'string' ? name : String(key));
  }
  return shown.join('.');
}

function count(value: number | bigint, origin: string): string {
  const [one, more] = origin === 'string' ? ['character', 'characters'] : ['entry', 'entries'];
  return `${value} ${Number(value) === 1 ? one : more}`;
}

/** What every branch of a union wants. */
function ofUnion(branches: Issue[]): string {
  const choices = branches.map((issue) => (issue.code === 'invalid_value' ? issue.values : undefined));
  if (choices.every((values) => values !== undefined)) return `must be one of ${choices.flat().join(', ')}`;
  const types = branches.map((issue) => /^expected (\w+), received (\w+)$/.exec(inWords(issue)));
  const received = types[0]?.[2];
  if (types.every((type) => type !== null && type[2] === received)) {
    return `expected ${[...new Set(types.map((type) => type?.[1]))].join(' or ')}, received ${received}`;
  }
  return [...new Set(branches.map((issue) => inWords(issue).replace(/, received \w+$/, '')))].join(', or ');
}

/** What zod says by itself of ranges and choices, in words; a schema's own words stay. */
function inWords(issue: Issue): string {
  const { message } = issue;
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return ofUnion(issue.errors.flatMap((errors) => errors.slice(0, 1)));
  }
  if (issue.code === 'invalid_value' && message.startsWith('Invalid ')) {
    const values = issue.values.map(String);
    return values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`;
  }
  const below = issue.code === 'too_small' && message.startsWith('Too small');
  const above = issue.code === 'too_big' && message.startsWith('Too big');
  if (!below && !above) return message.replace(/^Invalid input: /, '');
  const { origin, inclusive } = issue;
  const bound = issue.code === 'too_small' ? issue.minimum : issue.maximum;
  if (origin !== 'number' && origin !== 'int' && origin !== 'bigint') {
    return `must have at ${below ? 'least' : 'most'} ${count(bound, origin)}`;
  }
  if (below) return `must be ${inclusive === false ? 'more than' : 'at least'} ${bound}`;
  return `must be ${inclusive === false ? 'less than' : 'at most'} ${bound}`;
}

/** One line for what a schema refused, e.g. "net.classes: expected number, received string". */
export function describeIssues(error: z.ZodError, value: unknown): { message: string; field: string } {
  const first = error.issues[0];
  if (first === undefined) return { message: 'invalid', field: '' };
  const { path, issue } = deepest(first);
  const field = showPath(issue.code === 'unrecognized_keys' ? [...path, issue.keys[0] ?? ''] : path, value);
  const message = issue.code === 'unrecognized_keys' ? 'there is no such field' : inWords(issue);
  return { message: field === '' ? message : `${field}: ${message}`, field };
}

/** Who types into a field does not think of types: what is no number is text. */
function forForm(issue: Issue): string {
  if (issue.code !== 'invalid_type') return inWords(issue);
  if (issue.expected === 'int') return 'must be a whole number';
  return issue.expected === 'number' ? 'must be a number' : inWords(issue);
}

/** Everything that a schema refused, for a form that shows it all at once. */
export function listIssues(
  error: z.ZodError,
  value: unknown,
): { field: string; message: string; code: ErrorCode }[] {
  return error.issues.flatMap((found) => {
    const { path, issue } = deepest(found);
    const places = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
    const message = issue.code === 'unrecognized_keys' ? 'there is no such field' : forForm(issue);
    return places.map((place) => {
      const field = showPath(place, value);
      const inNet = field === 'net' || field.startsWith('net.');
      return { field, message, code: inNet ? 'INVALID_SPEC' : 'INVALID_CONFIG' } as const;
    });
  });
}

/** The value, parsed. Throws AppError(code) whose details hold { field }. */
export function parseWith<T extends z.ZodType>(
  schema: T,
  value: unknown,
  what: string,
  code: ErrorCode,
): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { message, field } = describeIssues(result.error, value);
  throw new AppError(code, `${what} cannot be used: ${message}`, { field });
}

/** A complete run configuration. Throws INVALID_SPEC for the net, INVALID_CONFIG for everything else. */
export function parseRunConfig(value: unknown, what = 'The run configuration'): RunConfig {
  const result = runConfigSchema.safeParse(value);
  if (result.success) return result.data;
  const { message, field } = describeIssues(result.error, value);
  const inNet = field === 'net' || field.startsWith('net.');
  throw new AppError(inNet ? 'INVALID_SPEC' : 'INVALID_CONFIG', `${what} cannot be used: ${message}`, {
    field,
  });
}
