// Values inside a configuration by their path; layers and other named elements by their names.

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function placeIn(list: readonly unknown[], key: string): number {
  const named = list.findIndex((element) => isFields(element) && element.name === key);
  return named >= 0 ? named : Number(key);
}

export function getAt(root: unknown, path: string): unknown {
  let here = root;
  for (const key of path.split('.')) {
    if (Array.isArray(here)) here = here[placeIn(here, key)];
    else here = isFields(here) ? here[key] : undefined;
  }
  return here;
}

/** A copy with the value there; undefined takes the field away. */
export function setAt<T>(root: T, path: string, value: unknown): T {
  return change(root, path.split('.'), value) as T;
}

function change(here: unknown, [key, ...rest]: string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(here)) {
    const place = placeIn(here, key);
    return here.map((element: unknown, index) => (index === place ? change(element, rest, value) : element));
  }
  const fields = isFields(here) ? here : {};
  const changed = change(fields[key], rest, value);
  if (changed === undefined) {
    const { [key]: _gone, ...others } = fields;
    return others;
  }
  return { ...fields, [key]: changed };
}

export function sameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
