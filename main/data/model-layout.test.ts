import { describe, expect, it } from 'vitest';
import { findMisfits, netTensors, tensorNames } from './model-layout.ts';

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

describe('tensorNames', () => {
  const layers = net.layers.map(({ name }) => name);
  const named = (...modules: string[]) =>
    modules.map((module, i) => ({ name: `${module}.weight`, shape: net.layers[i]?.weightShape ?? [] }));

  it('takes our names as they are', () => {
    expect([...(tensorNames(layers, own) ?? [])]).toEqual(own.map(({ name }) => [name, name]));
  });

  it("counts torchvision's modules by their numbers, whatever the order of the file", () => {
    const found = named('classifier.1', 'features.10', 'features.9');
    expect(tensorNames(layers, found)?.get('conv1.weight')).toBe('features.9.weight');
    expect(tensorNames(layers, found)?.get('conv2.bias')).toBe('features.10.bias');
    expect(tensorNames(layers, found)?.get('fc3.weight')).toBe('classifier.1.weight');
  });

  it('takes modules of any other names in the order of the file', () => {
    const found = [...named('body.a', 'body.b', 'head'), { name: 'head.bias', shape: [10] }];
    expect(tensorNames(layers, found)?.get('conv2.bias')).toBe('body.b.bias');
    expect(tensorNames(layers, named('body.a', 'head'))).toBeUndefined();
  });
});
