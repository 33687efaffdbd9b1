// `--set path=value`: one field of a run configuration by its path. The schema says which paths exist, so
// that fields a preset leaves out can be set too and a misspelt one is refused with the nearest names.
import * as z from 'zod';
import { AppError } from './errors.ts';
import { nearest } from './nearest.ts';
import { describeIssues, parseRunConfig } from './parse.ts';
import { type RunConfig, runConfigSchema } from './run-config.ts';

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON where it parses, the text itself otherwise. */
export function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The schema without what only says "may be absent". */
function unwrap(schema: unknown): unknown {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return unwrap(schema.unwrap());
  }
  return schema;
}

/** Everything a union can be, nested unions flattened. */
function alternatives(schema: unknown): unknown[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) return inner.options.flatMap(alternatives);
  return [inner];
}

function literalOf(option: z.ZodObject, field: string): unknown {
  const schema: unknown = option.shape[field];
  return schema instanceof z.ZodLiteral ? schema.value : undefined;
}

/** The object a path may go into, given what stands there now; undefined where there is none. */
function objectAt(schema: unknown, current: unknown, wantedKey?: string): z.ZodObject | undefined {
  const inner = unwrap(schema);
  const objects = alternatives(inner).filter((option) => option instanceof z.ZodObject);
  if (inner instanceof z.ZodDiscriminatedUnion) {
    const field = inner.def.discriminator;
    const now = isFields(current) ? current[field] : undefined;
    const chosen = objects.find((option) => literalOf(option, field) === now);
    return chosen ?? objects.find((option) => wantedKey !== undefined && wantedKey in option.shape);
  }
  return objects[0];
}

function arrayAt(schema: unknown): z.ZodArray | undefined {
  return alternatives(schema).find((option) => option instanceof z.ZodArray);
}

function elementIndex(current: unknown[], key: string): number {
  const byName = current.findIndex((element) => isFields(element) && element.name === key);
  if (byName >= 0) return byName;
  return /^[0-9]+$/.test(key) && Number(key) < current.length ? Number(key) : -1;
}

/** Every path that can be set, given the configuration as it is. */
export function listPaths(config: unknown, schema: unknown = runConfigSchema, prefix = ''): string[] {
  const array = arrayAt(schema);
  if (array !== undefined) {
    const elements = Array.isArray(config) ? (config as unknown[]) : [];
    return elements.flatMap((element, index) => {
      const key = isFields(element) && typeof element.name === 'string' ? element.name : String(index);
      return listPaths(element, array.element, `${prefix}.${key}`);
    });
  }
  const object = objectAt(schema, config);
  if (object === undefined) return [];
  return Object.entries(object.shape).flatMap(([key, child]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const value = isFields(config) ? config[key] : undefined;
    return [path, ...listPaths(value, child, path)];
  });
}

class Setting {
  readonly #root: RunConfig;
  readonly #path: string;
  readonly #text: string;

  constructor(root: RunConfig, path: string, text: string) {
    this.#root = root;
    this.#path = path;
    this.#text = text;
  }

  #unknown(reason: string): AppError {
    const choices = nearest(this.#path, listPaths(this.#root));
    return new AppError(
      'INVALID_CONFIG',
      `${this.#path}: ${reason}; the nearest fields are ${choices.join(', ')}`,
      { field: this.#path, choices },
    );
  }

  #parse(schema: z.ZodType, value: unknown): unknown {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const { message } = describeIssues(result.error, value);
    throw new AppError('INVALID_CONFIG', `${this.#path}: ${message}`, { field: this.#path });
  }

  /** A list may be given as words with commas: `devices=cpu,cpu`. */
  #leaf(schema: z.ZodType): unknown {
    const value = parseValue(this.#text);
    const readings = [value, this.#text];
    if (arrayAt(schema) !== undefined) readings.push(this.#text.split(',').map(parseValue));
    return this.#parse(schema, readings.find((reading) => schema.safeParse(reading).success) ?? value);
  }

  /** The fields that every kind has stay; the rest becomes the new kind's defaults. */
  #switchKind(union: z.ZodDiscriminatedUnion, current: unknown): unknown {
    const field = union.def.discriminator;
    const options = union.options.filter((option) => option instanceof z.ZodObject);
    const kept = Object.entries(isFields(current) ? current : {}).filter(([key]) =>
      options.every((option) => key in option.shape),
    );
    const kind = parseValue(this.#text);
    const kinds = options.map((option) => literalOf(option, field));
    if (!kinds.includes(kind)) {
      throw new AppError('INVALID_CONFIG', `${this.#path}: expected one of ${kinds.join(', ')}`, {
        field: this.#path,
        choices: kinds,
      });
    }
    if (isFields(current) && current[field] === kind) return current;
    return this.#parse(union, { ...Object.fromEntries(kept), [field]: kind });
  }

  /** `current` with the value at `keys` inside it replaced. */
  apply(schema: z.ZodType, current: unknown, keys: string[]): unknown {
    const [key, ...rest] = keys;
    if (key === undefined) return this.#leaf(schema);

    const inner = unwrap(schema);
    if (inner instanceof z.ZodDiscriminatedUnion && key === inner.def.discriminator && rest.length === 0) {
      return this.#switchKind(inner, current);
    }
    const array = arrayAt(schema);
    if (array !== undefined) {
      const elements = Array.isArray(current) ? (current as unknown[]) : [];
      const index = elementIndex(elements, key);
      if (index < 0) throw this.#unknown(`there is no ${key}`);
      const element = this.apply(array.element as z.ZodType, elements[index], rest);
      return elements.with(index, element);
    }
    const object = objectAt(schema, current, key);
    if (object === undefined) throw this.#unknown('there is no such field');
    const child: unknown = object.shape[key];
    if (!(child instanceof z.ZodType) || !Object.hasOwn(object.shape, key)) {
      throw this.#unknown(this.#belongsToOtherKind(inner, current, key) ?? 'there is no such field');
    }
    return this.#assign(object, this.#expanded(inner, object, current), key, child, rest);
  }

  #assign(object: z.ZodObject, fields: Fields, key: string, child: z.ZodType, rest: string[]): Fields {
    const absent = parseValue(this.#text) === null && rest.length === 0 && !child.safeParse(null).success;
    if (absent && child instanceof z.ZodExactOptional) {
      const { [key]: _removed, ...others } = fields;
      return others;
    }
    const next = { ...fields, [key]: this.apply(child, fields[key], rest) };
    if (object !== (runConfigSchema as unknown)) return next;
    // A run is as long as its epochs or its steps say, never both.
    const { epochs, steps, ...others } = next as Fields;
    if (key === 'epochs') return { ...others, epochs };
    if (key === 'steps') return { ...others, steps };
    return next;
  }

  /** What stands there as an object: a padding's bare number is its size, a norm that is off gets its defaults. */
  #expanded(inner: unknown, object: z.ZodObject, current: unknown): Fields {
    if (isFields(current)) return current;
    const start: Fields = typeof current === 'number' && 'size' in object.shape ? { size: current } : {};
    if (inner instanceof z.ZodDiscriminatedUnion) {
      start[inner.def.discriminator] = literalOf(object, inner.def.discriminator);
    }
    const result = object.safeParse(start);
    return result.success ? result.data : start;
  }

  #belongsToOtherKind(inner: unknown, current: unknown, key: string): string | undefined {
    if (!(inner instanceof z.ZodDiscriminatedUnion) || !isFields(current)) return undefined;
    const field = inner.def.discriminator;
    const kinds = inner.options
      .filter((option) => option instanceof z.ZodObject)
      .filter((option) => key in option.shape)
      .map((option) => literalOf(option, field));
    if (kinds.length === 0) return undefined;
    return `${key} belongs to ${field} ${kinds.join(', ')}, and ${field} is ${String(current[field])} (set that first)`;
  }
}

/**
 * The configuration with one field changed. Layers go by name or index (`net.layers.conv1.width`); a list may
 * be given with commas; null removes an optional field. Throws INVALID_CONFIG { field, choices? }. Fields are
 * checked one by one here, the configuration as a whole by parseRunConfig.
 */
export function setConfigValue(config: RunConfig, path: string, text: string): RunConfig {
  const setting = new Setting(config, path, text);
  return setting.apply(runConfigSchema, config, path.split('.')) as RunConfig;
}

/** Applies `path=value` settings in order and checks the result. Throws USAGE, INVALID_CONFIG, INVALID_SPEC. */
export function applySettings(config: RunConfig, settings: readonly string[]): RunConfig {
  let changed = config;
  for (const setting of settings) {
    const equals = setting.indexOf('=');
    if (equals <= 0) {
      throw new AppError('USAGE', `--set ${setting}: write it as path=value, for example epochs=20`);
    }
    changed = setConfigValue(changed, setting.slice(0, equals).trim(), setting.slice(equals + 1));
  }
  return parseRunConfig(changed);
}
