// Whether a file's tensors are those of a net, by the names every part uses (conv1.weight, conv1.bias, ...).
import { AppError } from '../api/errors.ts';
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
 * torchvision's names for ours: features.0.weight is the first convolution, classifier.1.weight the first
 * fully connected layer, each counted by their number. Undefined where a file is not named that way.
 */
function torchvisionNames(
  expected: readonly TensorInfo[],
  found: readonly TensorInfo[],
): Map<string, string> | undefined {
  const pattern = /^(features|classifier)\.([0-9]+)\.(weight|bias)$/;
  const matches = found.map((tensor) => pattern.exec(tensor.name));
  if (found.length === 0 || matches.some((match) => match === null)) return undefined;
  const modules = [...new Set(matches.map((match) => `${match?.[1]}.${match?.[2]}`))].sort((a, b) => {
    const [blockA = '', numberA] = a.split('.');
    const [blockB = '', numberB] = b.split('.');
    return blockA === blockB ? Number(numberA) - Number(numberB) : blockA < blockB ? 1 : -1;
  });
  const layers = [...new Set(expected.map(({ name }) => name.replace(/\.(weight|bias)$/, '')))];
  if (modules.length !== layers.length) return undefined;
  const names = new Map<string, string>();
  layers.forEach((layer, index) => {
    names.set(`${layer}.weight`, `${modules[index]}.weight`);
    names.set(`${layer}.bias`, `${modules[index]}.bias`);
  });
  return names;
}

/**
 * For every tensor of the net its name in the file: its own, or torchvision's where the file is named so. Throws
 * INVALID_MODEL whose message and details { misfits } list every misfit.
 */
export function matchTensors(
  net: Pick<NetDescription, 'layers'>,
  found: readonly TensorInfo[],
  what: string,
): Map<string, string> {
  const expected = netTensors(net);
  const aliases = torchvisionNames(expected, found);
  const ours = new Map([...(aliases ?? [])].map(([name, alias]) => [alias, name]));
  const renamed = found.map((tensor) => ({ ...tensor, name: ours.get(tensor.name) ?? tensor.name }));
  const misfits = findMisfits(expected, renamed);
  if (misfits.length > 0) {
    const lines = misfits.slice(0, 40).map(({ tensor, reason }) => `${tensor} ${reason}`);
    if (misfits.length > lines.length) lines.push(`and ${misfits.length - lines.length} more`);
    throw new AppError('INVALID_MODEL', `${what} does not fit the net: ${lines.join('; ')}`, { misfits });
  }
  return new Map(expected.map(({ name }) => [name, aliases?.get(name) ?? name]));
}
