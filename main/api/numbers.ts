// Numbers as the contract carries them.
import * as z from 'zod';

/** A double of the engine: NaN and the infinities included, since a diverged loss is a fact to report. */
export const anyNumber = z.custom<number>((value) => typeof value === 'number', 'expected a number');

/** A loss where JSON or SQL holds it: null is "not finite". */
export const storedNumber = z.number().nullable();

/** NaN and the infinities as null, the only form that JSON and SQLite keep. */
export function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
