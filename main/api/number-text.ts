// Numbers as people read them, for screens and reports alike. What is unknown is a dash, never NaN.

export const dash = '–';

export function known(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** At most four significant digits, exponents where they are shorter to read: 0.0001 is 1e-4. */
export function compact(value: number | null | undefined): string {
  if (!known(value)) return dash;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    return value
      .toExponential(3)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  }
  return String(Number(value.toPrecision(4)));
}

/** A number of things too many to count: '34.9 k', '105 M', '1.23 G'. */
export function amount(value: number | null | undefined): string {
  if (!known(value)) return dash;
  const units = ['', ' k', ' M', ' G', ' T', ' P'];
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return unit === 0 ? String(Math.round(scaled)) : `${scaled.toPrecision(3)}${units[unit]}`;
}

/** Decimal units, as disks are sold. */
export function bytes(value: number | null | undefined): string {
  if (!known(value)) return dash;
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let scaled = Math.abs(value);
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const digits = unit === 0 || scaled >= 99.5 ? 0 : 1;
  return `${value < 0 ? '-' : ''}${scaled.toFixed(digits)} ${units[unit]}`;
}
