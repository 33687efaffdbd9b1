// What can be asked about the inside of a net, and what the answers hold.

import type { Prediction } from '../api/predictions.ts';
import type { NativeLayerActivity, NativeMaps, NativeNeighbour, PhotoSource } from './addon.ts';

/** A result inside the net: of a layer's convolution or product (op 0), or of the n-th op after it. */
export interface Place {
  layer: number;
  op: number;
}

export type InspectQuestion =
  /** The most probable classes of the centre crop. */
  | { kind: 'look'; photo: PhotoSource; top: number }
  | { kind: 'maps'; photo: PhotoSource; place: Place }
  /** Grad-CAM of a class at a place with maps. */
  | { kind: 'gradCam'; photo: PhotoSource; label: number; place: Place }
  /** The class's probability with a square of `side` pixels covered, at `positions` x `positions` places that cover
   * the crop of `cropSize` evenly. */
  | {
      kind: 'occlusion';
      photo: PhotoSource;
      label: number;
      cropSize: number;
      side: number;
      positions: number;
    }
  | { kind: 'nearest'; photo: PhotoSource; indexFile: string; count: number; leaveOut: number }
  | { kind: 'activity'; pack: string; images: number };

/** A map of the size of a layer's, not negative; `largest` is 0 where nothing speaks for the class. */
export interface Heat {
  height: number;
  width: number;
  values: Float32Array;
  largest: number;
}

export interface Occlusion {
  positions: number;
  /** [positions, positions]. */
  probabilities: Float32Array;
  /** Of the whole crop. */
  whole: number;
}

export type InspectAnswer =
  | { kind: 'look'; predictions: Prediction[] }
  | { kind: 'maps'; maps: NativeMaps }
  | { kind: 'gradCam'; heat: Heat }
  | { kind: 'occlusion'; occlusion: Occlusion }
  | { kind: 'nearest'; neighbours: NativeNeighbour[] }
  | { kind: 'activity'; layers: NativeLayerActivity[] };

/** The answer to a kind of question. */
export type AnswerTo<Kind extends InspectQuestion['kind']> = Extract<InspectAnswer, { kind: Kind }>;
