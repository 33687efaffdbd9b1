// A configuration as lines: every value by the path that people type, layers by their names.

export interface ConfigLine {
  path: string;
  text: string;
}

export function flattenConfig(value: unknown, path = ''): ConfigLine[] {
  if (typeof value !== 'object' || value === null) return [{ path, text: String(value) }];
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) {
    return [{ path, text: value.length === 0 ? 'none' : value.join(', ') }];
  }
  return Object.entries(value).flatMap(([key, child]) => {
    const name: unknown =
      typeof child === 'object' && child !== null ? Reflect.get(child, 'name') : undefined;
    const step = Array.isArray(value) && typeof name === 'string' ? name : key;
    return flattenConfig(child, path === '' ? step : `${path}.${step}`);
  });
}
