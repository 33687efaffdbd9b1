// How far covering each place of a photo lowers a class's probability.
import type { OcclusionView } from '../../../../main/api/operations/inspect.ts';

export interface OcclusionHeat {
  /** 0..1 of the largest fall; places whose covering helps the class are 0. */
  values: number[];
  /** The largest fall of the probability. */
  largestFall: number;
  /** Where the map lies on the crop, in parts of its side: a place's value stands at the middle of its square. */
  inset: number;
}

export function occlusionHeat(
  { probabilities, whole, positions, side }: OcclusionView,
  cropSize: number,
): OcclusionHeat {
  const falls = probabilities.map((probability) => Math.max(0, whole - probability));
  const largestFall = falls.reduce((most, fall) => Math.max(most, fall), 0);
  const step = positions > 1 ? (cropSize - side) / (positions - 1) : cropSize;
  return {
    values: falls.map((fall) => (largestFall > 0 ? fall / largestFall : 0)),
    largestFall,
    inset: Math.max(0, (side - step) / 2 / cropSize),
  };
}

/** Finer and finer: each contains the places of the one before. */
export const occlusionSteps = [7, 13, 25] as const;
