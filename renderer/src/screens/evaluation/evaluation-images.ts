// Which of an evaluation's images are looked at.
import type { StudioClient } from '../../../../main/api/contract.ts';

export type ImagesOf = Parameters<StudioClient['evaluations']['images']>[0]['of'];

export interface EvaluationImages {
  title: string;
  of: ImagesOf;
}
