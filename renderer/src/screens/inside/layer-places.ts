// The places of a net whose values can be looked at, as a strip shows them.
import type { LayerDescription, NetDescription } from '../../../../main/api/net-description.ts';

export interface LayerPlace {
  key: string;
  layer: number;
  /** 0: the convolution or product; n: the n-th op after it. */
  op: number;
  label: string;
  shape: string;
}

export interface LayerStrip {
  name: string;
  /** What comes out of the layer in the end. */
  shape: string;
  places: LayerPlace[];
}

const opNames: Record<LayerDescription['ops'][number], string> = {
  activation: 'act',
  lrn: 'norm',
  spatialNorm: 'spatial',
  pool: 'pool',
  dropout: 'drop',
};

function shapeText([channels, height, width]: readonly [number, number, number]): string {
  return height * width === 1 ? `${channels}` : `${channels} x ${height} x ${width}`;
}

export function layerPlaces({ layers }: NetDescription): LayerStrip[] {
  return layers.map(({ name, kind, linear, output, ops }, layer) => ({
    name,
    shape: shapeText(output),
    places: [
      { key: `${name}`, layer, op: 0, label: kind === 'conv' ? 'conv' : 'fc', shape: shapeText(linear) },
      ...ops.map((op, i) => ({
        key: `${name}, ${op}`,
        layer,
        op: i + 1,
        label: opNames[op],
        shape: op === 'pool' ? shapeText(output) : op,
      })),
    ],
  }));
}
