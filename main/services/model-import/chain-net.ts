// The net that a file describes as a chain of operations, as a net of ours: Caffe's and ONNX's models.

import { AppError } from '../../api/errors.ts';
import type { LayerConfig, NetConfig } from '../../api/run-config.ts';
import type { ChainOperation } from '../../data/model-formats/model-file.ts';

export interface ChainNet {
  /** inputSize and classes are set by the caller. */
  net: NetConfig;
  /** Our tensors' names to the file's. */
  names: Map<string, string>;
  notes: string[];
}

/** fp32 numbers as they were written: 0.0001 and not 0.00009999999747. */
function decimal(value: number): number {
  return Number(value.toPrecision(7));
}

function refuse(why: string): AppError {
  return new AppError('INVALID_MODEL', `the file describes a net that is not of this family: ${why}`);
}

type Lrn = NonNullable<Exclude<NetConfig['lrn'], false>>;
type Pooling = NonNullable<NetConfig['pooling']>;

function same(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** One number of a convolution's padding; the last window's zeros right and below as rounding up. */
function paddingOf(
  name: string,
  [top, left, bottom, right]: [number, number, number, number],
): LayerConfig['padding'] {
  if (top !== left || bottom !== right) throw refuse(`${name} is padded differently in height and width`);
  if (bottom === top) return top;
  if (bottom > top) return { size: top, rounding: 'ceil' };
  throw refuse(`${name} is padded more at the left than at the right`);
}

/** The net while it is read: what is the same in all layers stands in the net, the rest in its layer. */
class ChainReader {
  readonly layers: LayerConfig[] = [];
  readonly names = new Map<string, string>();
  activation: NetConfig['activation'] | undefined;
  lrn: Lrn | undefined;
  pooling: Pooling | undefined;
  dropout: number | undefined;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #columns: 1 | 2;

  constructor(shapes: ReadonlyMap<string, readonly number[]>, columns: 1 | 2) {
    this.#shapes = shapes;
    this.#columns = columns;
  }

  take(operation: ChainOperation): void {
    switch (operation.kind) {
      case 'conv':
      case 'fc':
        this.#layer(operation);
        break;
      case 'activation':
        if (this.activation !== undefined && this.activation !== operation.function) {
          throw refuse('its layers have different activations');
        }
        this.activation = operation.function;
        this.#last().then.push('activation');
        break;
      case 'lrn': {
        const { size, k, beta, alpha } = operation;
        const lrn = { size, k: decimal(k), alpha: decimal(alpha), beta: decimal(beta), alphaOverN: true };
        this.lrn ??= lrn;
        if (!same(this.lrn, lrn)) this.#last().lrn = lrn;
        this.#last().then.push('lrn');
        break;
      }
      case 'pool': {
        const { size, stride, rounding } = operation;
        const pooling = { size, stride, rounding };
        this.pooling ??= pooling;
        if (!same(this.pooling, pooling)) this.#last().pooling = pooling;
        this.#last().then.push('pool');
        break;
      }
      case 'dropout': {
        const share = decimal(operation.share);
        this.dropout ??= share;
        if (this.dropout !== share) this.#last().dropout = share;
        this.#last().then.push('dropout');
        break;
      }
    }
  }

  #last(): LayerConfig {
    const layer = this.layers.at(-1);
    if (layer === undefined) throw refuse('something comes before the first convolution');
    return layer;
  }

  #layer(operation: ChainOperation & { kind: 'conv' | 'fc' }): void {
    const index = this.layers.length + 1;
    const name = `${operation.kind}${index}`;
    const shape = this.#shapes.get(operation.weight) ?? [];
    const width = shape[0] ?? 1;
    this.names.set(`${name}.weight`, operation.weight);
    this.names.set(`${name}.bias`, operation.bias);
    const first = index === 1;
    if (operation.kind === 'fc') {
      if (first) throw refuse('it begins with a product');
      this.layers.push({ name, kind: 'fc', width, ...this.#reads(false), then: [] });
      return;
    }
    const { groups, stride, padding } = operation;
    if (groups !== 1 && groups !== 2) throw refuse(`${operation.name} has ${groups} groups`);
    if (first && groups !== 1) throw refuse('its first convolution has groups');
    if (shape.length !== 4 || shape[2] !== shape[3]) throw refuse(`${operation.name} has no square kernel`);
    this.layers.push({
      name,
      kind: 'conv',
      width,
      kernel: shape[2] ?? 1,
      stride,
      padding: paddingOf(operation.name, padding) ?? 0,
      ...(first ? {} : this.#reads(groups === 2)),
      then: [],
    });
  }

  #reads(own: boolean): Pick<LayerConfig, 'reads'> {
    return this.#columns === 1 ? {} : { reads: own ? 'own' : 'both' };
  }
}

/** Throws INVALID_MODEL for what no net of ours can be. */
export function netOfChain(
  chain: readonly ChainOperation[],
  tensors: readonly { name: string; shape: readonly number[] }[],
): ChainNet {
  const columns = chain.some((one) => one.kind === 'conv' && one.groups === 2) ? 2 : 1;
  const reader = new ChainReader(new Map(tensors.map(({ name, shape }) => [name, shape])), columns);
  for (const operation of chain) reader.take(operation);
  const last = reader.layers.at(-1);
  if (last?.kind !== 'fc') throw refuse('its last layer is no product');
  const classes = typeof last.width === 'number' ? last.width : 1;
  const layers = reader.layers.map((layer) =>
    layer === last ? { ...layer, width: 'classes' as const } : layer,
  );
  const { lrn, pooling, dropout } = reader;
  const notes: string[] = [];
  if (columns === 2 && lrn !== undefined) {
    notes.push(
      'The source normalises across the maps of both groups; here each column normalises its own, so that two maps on either side of the border see fewer neighbours.',
    );
  }
  return {
    net: {
      columns,
      inputSize: 224,
      classes,
      activation: reader.activation ?? 'relu',
      lrn: lrn ?? null,
      spatialNorm: null,
      ...(pooling === undefined ? {} : { pooling }),
      ...(dropout === undefined ? {} : { dropout }),
      dropoutScale: 'training',
      init: { kind: 'gaussian', sigma: 0.01 },
      layers,
    },
    names: reader.names,
    notes,
  };
}
