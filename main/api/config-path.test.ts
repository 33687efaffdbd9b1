import { describe, expect, it } from 'vitest';
import { applySettings, listPaths, parseValue, setConfigValue } from './config-path.ts';
import { AppError } from './errors.ts';
import { smallConfig } from './test-config.ts';

function refusal(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('parseValue', () => {
  it('takes JSON where it parses and the text otherwise', () => {
    expect(parseValue('3')).toBe(3);
    expect(parseValue('false')).toBe(false);
    expect(parseValue('[1,2]')).toEqual([1, 2]);
    expect(parseValue('random')).toBe('random');
    expect(parseValue('{broken')).toBe('{broken');
  });
});

describe('setConfigValue', () => {
  it('changes one field and leaves the given configuration as it was', () => {
    const before = smallConfig();
    const after = setConfigValue(before, 'optimiser.learningRate', '0.02');
    expect(after.optimiser.learningRate).toBe(0.02);
    expect(before).toEqual(smallConfig());
    expect({ ...after, optimiser: before.optimiser }).toEqual(before);
  });

  it('finds layers by name and by index', () => {
    expect(setConfigValue(smallConfig(), 'net.layers.conv1.width', '64').net.layers[0]?.width).toBe(64);
    expect(setConfigValue(smallConfig(), 'net.layers.1.width', '128').net.layers[1]?.width).toBe(128);
    expect(setConfigValue(smallConfig(), 'net.layers.fc3.width', 'classes').net.layers[2]?.width).toBe(
      'classes',
    );
  });

  it('sets fields the configuration does not have yet', () => {
    expect(setConfigValue(smallConfig(), 'net.widthFactor', '0.5').net.widthFactor).toBe(0.5);
    const layer = setConfigValue(smallConfig(), 'net.layers.fc2.dropout', '0.3').net.layers[1];
    expect(layer?.dropout).toBe(0.3);
    expect(setConfigValue(smallConfig(), 'net.layers.fc2.init.kind', 'he').net.layers[1]?.init).toEqual({
      kind: 'he',
    });
    expect(setConfigValue(smallConfig(), 'net.layers.fc2.init.sigma', '0.2').net.layers[1]?.init).toEqual({
      kind: 'gaussian',
      sigma: 0.2,
    });
  });

  it('removes an optional field with null', () => {
    expect(setConfigValue(smallConfig(), 'net.layers.conv1.sigma', 'null').net.layers[0]).not.toHaveProperty(
      'sigma',
    );
    expect(refusal(() => setConfigValue(smallConfig(), 'net.classes', 'null')).code).toBe('INVALID_CONFIG');
  });

  it('turns a norm off and on again with its defaults', () => {
    const off = setConfigValue(smallConfig(), 'net.lrn', 'false');
    expect(off.net.lrn).toBe(false);
    expect(setConfigValue(off, 'net.lrn.k', '1').net.lrn).toEqual({
      size: 5,
      k: 1,
      alpha: 1e-4,
      beta: 0.75,
      alphaOverN: false,
    });
    expect(setConfigValue(smallConfig(), 'net.lrn', 'null').net.lrn).toBeNull();
  });

  it('keeps a bare padding as the size when its rounding is set', () => {
    const layer = setConfigValue(smallConfig(), 'net.layers.conv1.padding.rounding', 'ceil').net.layers[0];
    expect(layer?.padding).toEqual({ size: 2, rounding: 'ceil' });
  });

  it('drops the fields of the other kind when the schedule changes', () => {
    const set = (kind: string) =>
      setConfigValue(smallConfig(), 'optimiser.schedule.kind', kind).optimiser.schedule;
    expect(set('constant')).toEqual({ kind: 'constant' });
    expect(set('steps')).toEqual({ kind: 'steps', epochs: [], factor: 0.1 });
    expect(set('polynomial')).toEqual({ kind: 'polynomial', power: 1 });
    expect(set('plateau')).toEqual(smallConfig().optimiser.schedule);
  });

  it('keeps the epoch of an action when its kind changes', () => {
    const frozen = setConfigValue(
      smallConfig(),
      'optimiser.actions',
      '[{"epoch":9,"kind":"freeze","layer":"conv1"}]',
    );
    expect(setConfigValue(frozen, 'optimiser.actions.0.kind', 'colourNoise').optimiser.actions).toEqual([
      { epoch: 9, kind: 'colourNoise', sigma: 0 },
    ]);
    // A rate has no default: it must be given, with the whole action.
    expect(refusal(() => setConfigValue(frozen, 'optimiser.actions.0.kind', 'rate')).message).toContain(
      'rate',
    );
  });

  it('lets epochs and steps exclude each other', () => {
    const steps = setConfigValue(smallConfig(), 'steps', '20');
    expect(steps.steps).toBe(20);
    expect(steps).not.toHaveProperty('epochs');
    const epochs = setConfigValue(steps, 'epochs', '2');
    expect(epochs.epochs).toBe(2);
    expect(epochs).not.toHaveProperty('steps');
  });

  it('takes lists with commas and single words', () => {
    expect(setConfigValue(smallConfig(), 'devices', 'cpu,cpu').devices).toEqual(['cpu', 'cpu']);
    expect(setConfigValue(smallConfig(), 'devices', 'cuda:0').devices).toEqual(['cuda:0']);
    const steps = applySettings(smallConfig(), [
      'optimiser.schedule.kind=steps',
      'optimiser.schedule.epochs=4,8',
    ]);
    expect(steps.optimiser.schedule).toEqual({ kind: 'steps', epochs: [4, 8], factor: 0.1 });
    expect(setConfigValue(smallConfig(), 'net.layers.fc3.then', 'activation').net.layers[2]?.then).toEqual([
      'activation',
    ]);
  });

  it('keeps a text that looks like a number where a text is wanted', () => {
    expect(setConfigValue(smallConfig(), 'preset', '2012').preset).toBe('2012');
  });

  it.each([
    ['learningRate', 'optimiser.learningRate'],
    ['optimiser.learningrate', 'optimiser.learningRate'],
    ['net.layers.conv1.widht', 'net.layers.conv1.width'],
    ['net.layers.conv7.width', 'net.layers.conv1.width'],
    ['batch', 'optimiser.batchSize'],
    ['net.classes.count', 'net.classes'],
  ])('refuses %s and names %s', (path, choice) => {
    const error = refusal(() => setConfigValue(smallConfig(), path, '1'));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.details?.choices).toContain(choice);
    expect(error.message).toContain(path);
  });

  it('says which kind a field belongs to', () => {
    const constant = setConfigValue(smallConfig(), 'optimiser.schedule.kind', 'constant');
    const error = refusal(() => setConfigValue(constant, 'optimiser.schedule.patience', '4'));
    expect(error.message).toContain('patience belongs to kind plateau, and kind is constant');
  });

  it.each([
    ['net.classes', 'ten'],
    ['net.classes', '0'],
    ['optimiser.batchSize', '0'],
    ['optimiser.momentum', '1'],
    ['net.activation', 'relu6'],
    ['optimiser.schedule.kind', 'cosine'],
    ['devices', 'tpu'],
    ['epochs', '1.5'],
    ['net.columns', '3'],
  ])('refuses %s=%s with the path', (path, text) => {
    const error = refusal(() => setConfigValue(smallConfig(), path, text));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message.startsWith(`${path}: `)).toBe(true);
  });

  it('does not reach into prototypes', () => {
    for (const path of ['__proto__', 'constructor.name', 'net.__proto__.x', 'toString']) {
      expect(refusal(() => setConfigValue(smallConfig(), path, '1')).code).toBe('INVALID_CONFIG');
    }
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('applySettings', () => {
  it('applies in order', () => {
    const config = applySettings(smallConfig(), ['epochs=3', 'steps=7', 'augmentation.mirror=false']);
    expect(config.steps).toBe(7);
    expect(config.epochs).toBeUndefined();
    expect(config.augmentation.mirror).toBe(false);
  });

  it('keeps = inside a value', () => {
    expect(applySettings(smallConfig(), ['preset=a=b']).preset).toBe('a=b');
  });

  it('wants path=value', () => {
    expect(refusal(() => applySettings(smallConfig(), ['epochs'])).code).toBe('USAGE');
    expect(refusal(() => applySettings(smallConfig(), ['=3'])).code).toBe('USAGE');
  });

  it('judges the whole: two layers of one name are refused', () => {
    const error = refusal(() => applySettings(smallConfig(), ['net.layers.fc2.name=conv1']));
    expect(error.code).toBe('INVALID_SPEC');
    expect(error.message).toContain('two layers are named conv1');
  });
});

describe('listPaths', () => {
  it('lists set and unset fields, and only those of the schedule in use', () => {
    const paths = listPaths(smallConfig());
    expect(paths).toContain('net.layers.conv1.weightDecayFactor');
    expect(paths).toContain('optimiser.schedule.patience');
    expect(paths).not.toContain('optimiser.schedule.power');
    expect(paths).toContain('steps');
    expect(new Set(paths).size).toBe(paths.length);
  });
});
