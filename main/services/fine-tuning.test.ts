import { describe, expect, it } from 'vitest';
import type { Addon } from '../engine/addon.ts';
import { layersToLoad, planInit } from './fine-tuning.ts';
import type { ResolvedModel } from './model-resolver.ts';

/** An addon whose nets are two layers, as wide as `classes` says. */
function addonOf(): Addon {
  const describeNet = (netJson: string) => {
    const { classes, inputSize } = JSON.parse(netJson) as { classes: number; inputSize: number };
    const layer = (name: string, weightShape: number[]) => ({
      name,
      kind: weightShape.length === 4 ? 'conv' : 'fc',
      input: [3, 1, 1],
      linear: [1, 1, 1],
      output: [1, 1, 1],
      groups: 1,
      gathers: false,
      parameters: 0,
      multiplyAdds: 0,
      exchangeBytes: 0,
      weightShape,
      ops: [],
    });
    return JSON.stringify({
      columns: 1,
      inputSize,
      classes,
      parameters: 0,
      units: 0,
      multiplyAdds: 0,
      trainingFlops: 0,
      parameterBytes: 0,
      activationBytes: 0,
      exchangeBytes: 0,
      layers: [layer('conv1', [8, 3, inputSize, inputSize]), layer('fc2', [classes, 8])],
    });
  };
  return { describeNet } as unknown as Addon;
}

const net = (classes: number, inputSize = 5) => ({ classes, inputSize }) as unknown as ResolvedModel['net'];
const model = { title: 'old', net: net(2), labels: ['cat', 'dog'] } as unknown as ResolvedModel;
const states = (classes: string[], inputSize = 5) =>
  planInit(addonOf(), model, net(classes.length, inputSize), classes).map(({ state }) => state);

describe('what a run takes over from a model', () => {
  it('is everything for the same classes', () => {
    expect(states(['cat', 'dog'])).toEqual(['loaded', 'loaded']);
  });

  it('is all but the classifier for others, be they as many', () => {
    expect(states(['cat', 'dog', 'owl'])).toEqual(['loaded', 'new']);
    expect(states(['dog', 'cat'])).toEqual(['loaded', 'new']);
    expect(planInit(addonOf(), model, net(2), ['cat', 'owl']).at(-1)?.reason).toBe(
      "the model's class 1 is 'dog', here it is 'owl'",
    );
  });

  it('is everything for as many classes where the model names none', () => {
    const unnamed = { ...model, labels: ['class 0', 'class 1'] };
    const plan = planInit(addonOf(), unnamed, net(2), ['cat', 'dog']);
    expect(plan.map(({ state }) => state)).toEqual(['loaded', 'loaded']);
  });

  it('is refused where another layer does not fit, layer by layer', () => {
    expect(states(['cat', 'dog', 'owl'], 7)).toEqual(['misfit', 'new']);
    const plan = planInit(addonOf(), model, net(2, 7), ['cat', 'dog']);
    expect(() => layersToLoad(plan, 'old')).toThrow(/old does not fit the net: conv1 is \[8, 3, 5, 5\]/);
  });
});
