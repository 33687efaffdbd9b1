// The numbers beside an axis: as exact as the distance between them needs.
import { compact } from '../logic/format.ts';

export type TickStyle = 'number' | 'percent' | 'exponent';

/** `ticks`: all of the axis, in order. Logarithmic axes are far apart already. */
export function tickText(value: number, ticks: readonly { value: number }[], style: TickStyle): string {
  if (style === 'exponent') return compact(value);
  const scale = style === 'percent' ? 100 : 1;
  const unit = style === 'percent' ? ' %' : '';
  const distance = Math.abs((ticks[1]?.value ?? 0) - (ticks[0]?.value ?? 0)) * scale;
  // Rounding alone tells such ticks apart: all of the axis is one value.
  if (distance <= Math.abs(value * scale) * 1e-6) return `${compact(value * scale)}${unit}`;
  const digits = Math.max(0, Math.min(8, Math.ceil(-Math.log10(distance) - 1e-9)));
  return `${(value * scale).toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}${unit}`;
}
