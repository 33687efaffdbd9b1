// The net that a file of weights belongs to: a preset's form with the widths and classes that the tensors have.
import type { TensorInfo } from '../api/net-description.ts';
import type { NetConfig } from '../api/run-config.ts';

/** The preset's net with each layer as wide as its weights, as far as the file names them in a known way. */
export function fitNet(net: NetConfig, tensors: readonly TensorInfo[]): NetConfig {
  const { widthFactor: _widthFactor, ...rest } = net;
  const weights = weightsInLayerOrder(net, tensors);
  const widths = net.layers.map((_, index) => weights[index]?.shape[0]);
  const last = widths.length - 1;
  return {
    ...rest,
    classes: widths[last] ?? net.classes,
    layers: net.layers.map((layer, index) => {
      const width = widths[index];
      return index === last || width === undefined || width === 0 ? layer : { ...layer, width };
    }),
  };
}

/** A weight for every layer: by the layer's own name, or in torchvision's order (features.N, classifier.N). */
function weightsInLayerOrder(net: NetConfig, tensors: readonly TensorInfo[]): (TensorInfo | undefined)[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const own = net.layers.map(({ name }) => byName.get(`${name}.weight`));
  if (own.some((weight) => weight !== undefined)) return own;
  const numbered = (block: string) =>
    tensors
      .map((tensor) => ({ tensor, match: new RegExp(`^${block}\\.([0-9]+)\\.weight$`).exec(tensor.name) }))
      .filter(({ match }) => match !== null)
      .sort((a, b) => Number(a.match?.[1]) - Number(b.match?.[1]))
      .map(({ tensor }) => tensor);
  const ordered = [...numbered('features'), ...numbered('classifier')];
  return ordered.length === net.layers.length ? ordered : own;
}
