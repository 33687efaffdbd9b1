// The net that a file of weights belongs to: a preset's form with the widths and classes that the tensors have.
import type { TensorInfo } from '../api/net-description.ts';
import type { NetConfig } from '../api/run-config.ts';
import { tensorNames } from '../data/model-layout.ts';

/** The preset's net with each layer as wide as its weights, as far as the file names them in a known way. */
export function fitNet(net: NetConfig, tensors: readonly TensorInfo[]): NetConfig {
  const { widthFactor: _widthFactor, ...rest } = net;
  const names = tensorNames(
    net.layers.map(({ name }) => name),
    tensors,
  );
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const widths = net.layers.map(({ name }) => shapes.get(names?.get(`${name}.weight`) ?? '')?.[0]);
  const last = widths.length - 1;
  return {
    ...rest,
    classes: widths[last] || net.classes,
    layers: net.layers.map((layer, index) => {
      const width = widths[index];
      return index === last || width === undefined || width === 0 ? layer : { ...layer, width };
    }),
  };
}
