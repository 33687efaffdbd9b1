// Whether a file's tensors are those of a net, by the names every part uses (conv1.weight, conv1.bias, ...).
import type { NetDescription, TensorInfo } from '../api/net-description.ts';

export interface Misfit {
  tensor: string;
  reason: string;
}

/** Weights and biases of a net, in layer order. */
export function netTensors(net: Pick<NetDescription, 'layers'>): TensorInfo[] {
  return net.layers.flatMap(({ name, weightShape }) => [
    { name: `${name}.weight`, shape: weightShape },
    { name: `${name}.bias`, shape: weightShape.slice(0, 1) },
  ]);
}

const bookkeeping = /\.velocity$|\.num_batches_tracked$/;

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, index) => extent === b[index]);
}

function shown(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** Everything that does not fit: missing tensors, wrong shapes layer by layer, then tensors of no layer. */
export function findMisfits(expected: readonly TensorInfo[], found: readonly TensorInfo[]): Misfit[] {
  const byName = new Map(found.map((tensor) => [tensor.name, tensor]));
  const known = new Set(expected.map((tensor) => tensor.name));
  const misfits: Misfit[] = [];
  for (const { name, shape } of expected) {
    const tensor = byName.get(name);
    if (tensor === undefined)
      misfits.push({ tensor: name, reason: `is missing; the net wants ${shown(shape)}` });
    else if (!sameShape(tensor.shape, shape)) {
      misfits.push({ tensor: name, reason: `is ${shown(tensor.shape)}; the net wants ${shown(shape)}` });
    }
  }
  for (const { name } of found) {
    if (!known.has(name) && !bookkeeping.test(name)) {
      misfits.push({ tensor: name, reason: 'belongs to no layer of the net' });
    }
  }
  return misfits;
}

/**
 * The names that torchvision's way to number modules gives the layers of a net: every operation counts, convolutions
 * with what follows them are `features`, the rest `classifier`, which dropout before the first product begins.
 */
export function sequentialModules(
  layers: readonly { kind: 'conv' | 'fc'; then: readonly string[] }[],
): string[] {
  const next = { features: 0, classifier: 0 };
  return layers.map(({ kind, then }, i) => {
    const block = kind === 'conv' ? 'features' : 'classifier';
    const name = `${block}.${next[block]++}`;
    const lastConv = kind === 'conv' && layers[i + 1]?.kind === 'fc';
    for (const operation of then) next[lastConv && operation === 'dropout' ? 'classifier' : block]++;
    return name;
  });
}

/** Modules that torchvision numbers: features.0 is the first convolution, classifier.1 the first product. */
function numberedModules(modules: readonly string[]): string[] | undefined {
  const pattern = /^(features|classifier)\.([0-9]+)$/;
  if (modules.length === 0 || !modules.every((module) => pattern.test(module))) return undefined;
  const place = (module: string) => {
    const [, block, number] = pattern.exec(module) ?? [];
    return (block === 'features' ? 0 : 1e9) + Number(number);
  };
  return [...modules].sort((a, b) => place(a) - place(b));
}

/**
 * For the weight and bias of every layer their names in a file: the same, torchvision's (each block counted by its
 * numbers), or whatever the modules are called, in the file's order. Undefined where there are not as many.
 */
export function tensorNames(
  layers: readonly string[],
  found: readonly TensorInfo[],
): Map<string, string> | undefined {
  const named = (modules: readonly string[]) =>
    new Map(
      layers.flatMap((layer, i) =>
        ['weight', 'bias'].map((kind): [string, string] => [`${layer}.${kind}`, `${modules[i]}.${kind}`]),
      ),
    );
  if (found.some(({ name }) => layers.some((layer) => name === `${layer}.weight`))) return named(layers);
  const modules = found
    .filter(({ name, shape }) => name.endsWith('.weight') && shape.length >= 2)
    .map(({ name }) => name.slice(0, -'.weight'.length));
  if (modules.length !== layers.length) return undefined;
  return named(numberedModules(modules) ?? modules);
}
