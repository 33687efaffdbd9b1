import { describe, expect, it } from 'vitest';
import { findMisfits, matchTensors, netTensors } from './model-layout.ts';
import { refusal } from './test-errors.ts';

function layer(name: string, weightShape: number[]) {
  const shape: [number, number, number] = [1, 1, 1];
  return {
    name,
    kind: weightShape.length === 4 ? ('conv' as const) : ('fc' as const),
    input: shape,
    linear: shape,
    output: shape,
    groups: 1,
    gathers: false,
    parameters: 0,
    multiplyAdds: 0,
    exchangeBytes: 0,
    weightShape,
    ops: [],
  };
}

const net = {
  layers: [layer('conv1', [8, 3, 11, 11]), layer('conv2', [16, 4, 5, 5]), layer('fc3', [10, 64])],
};
const own = netTensors(net);

describe('netTensors', () => {
  it('names weights and biases in layer order', () => {
    expect(own).toEqual([
      { name: 'conv1.weight', shape: [8, 3, 11, 11] },
      { name: 'conv1.bias', shape: [8] },
      { name: 'conv2.weight', shape: [16, 4, 5, 5] },
      { name: 'conv2.bias', shape: [16] },
      { name: 'fc3.weight', shape: [10, 64] },
      { name: 'fc3.bias', shape: [10] },
    ]);
  });
});

describe('findMisfits', () => {
  it('is empty for the net itself, velocities or not', () => {
    expect(findMisfits(own, own)).toEqual([]);
    const velocities = own.map(({ name, shape }) => ({ name: `${name}.velocity`, shape }));
    expect(findMisfits(own, [...own, ...velocities])).toEqual([]);
  });

  it('lists every misfit, layer by layer', () => {
    const found = [
      { name: 'conv1.weight', shape: [8, 3, 7, 7] },
      { name: 'conv2.weight', shape: [16, 4, 5, 5] },
      { name: 'conv2.bias', shape: [16, 1] },
      { name: 'fc3.weight', shape: [10, 64] },
      { name: 'fc3.bias', shape: [10] },
      { name: 'fc4.bias', shape: [10] },
    ];
    expect(findMisfits(own, found)).toEqual([
      { tensor: 'conv1.weight', reason: 'is [8, 3, 7, 7]; the net wants [8, 3, 11, 11]' },
      { tensor: 'conv1.bias', reason: 'is missing; the net wants [8]' },
      { tensor: 'conv2.bias', reason: 'is [16, 1]; the net wants [16]' },
      { tensor: 'fc4.bias', reason: 'belongs to no layer of the net' },
    ]);
  });
});

describe('matchTensors', () => {
  it('takes our names as they are', () => {
    const names = matchTensors(net, own, 'the file');
    expect([...names]).toEqual(own.map(({ name }) => [name, name]));
  });

  it("takes torchvision's names in the order of their numbers", () => {
    const renamed = [
      { name: 'classifier.1.bias', shape: [10] },
      { name: 'classifier.1.weight', shape: [10, 64] },
      { name: 'features.0.bias', shape: [8] },
      { name: 'features.0.weight', shape: [8, 3, 11, 11] },
      { name: 'features.10.bias', shape: [16] },
      { name: 'features.10.weight', shape: [16, 4, 5, 5] },
    ];
    expect(Object.fromEntries(matchTensors(net, renamed, 'the file'))).toEqual({
      'conv1.weight': 'features.0.weight',
      'conv1.bias': 'features.0.bias',
      'conv2.weight': 'features.10.weight',
      'conv2.bias': 'features.10.bias',
      'fc3.weight': 'classifier.1.weight',
      'fc3.bias': 'classifier.1.bias',
    });
  });

  it('refuses with every misfit in the message and the details', () => {
    const error = refusal(() => matchTensors(net, own.slice(1), 'weights.safetensors'));
    expect(error.code).toBe('INVALID_MODEL');
    expect(error.message).toBe(
      'weights.safetensors does not fit the net: conv1.weight is missing; the net wants [8, 3, 11, 11]',
    );
    expect(error.details).toEqual({
      misfits: [{ tensor: 'conv1.weight', reason: 'is missing; the net wants [8, 3, 11, 11]' }],
    });
  });
});
