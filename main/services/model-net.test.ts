import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { presetScaling } from './model-import/sources.ts';
import { fitNet } from './model-net.ts';
import { toPreprocessing, toScaling } from './model-preprocessing.ts';
import { Presets } from './presets.ts';

const presets = new Presets(fileURLToPath(new URL('../../resources/presets', import.meta.url)));

describe('the net of a file', () => {
  const net = () => presets.load('owt-2014').config.net;

  it('has the widths and classes of its tensors, by our names or torchvision order', () => {
    const named = fitNet(net(), [
      { name: 'conv1.weight', shape: [32, 3, 11, 11] },
      { name: 'fc8.weight', shape: [7, 4096] },
    ]);
    expect(named.classes).toBe(7);
    expect(named.layers.map((layer) => layer.width).slice(0, 2)).toEqual([32, net().layers[1]?.width]);
    const modules = ['features.0', 'features.3', 'features.6', 'features.8', 'features.10'];
    const fully = ['classifier.1', 'classifier.4', 'classifier.6'];
    const tensors = [...fully, ...modules].map((module, i) => ({
      name: `${module}.weight`,
      shape: [10 + i, 1],
    }));
    const ordered = fitNet(net(), tensors);
    expect(ordered.layers.map((layer) => layer.width)).toEqual([13, 14, 15, 16, 17, 10, 11, 'classes']);
    expect(ordered.classes).toBe(12);
  });
});

describe('the preprocessing of a file', () => {
  it('is (pixel - mean / scale) * scale / std, and back', () => {
    const preprocessing = toPreprocessing({ mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.5], scale: 0.01 }, 224);
    expect(preprocessing).toMatchObject({ mean: 'rgb', cropSize: 224, meanRgb: [50, 40, 30] });
    const gains = [0.05, 0.04, 0.02];
    gains.forEach((gain, i) => {
      expect(preprocessing.gain[i]).toBeCloseTo(gain, 12);
    });
    const { scale, mean, std } = toScaling(preprocessing);
    expect({ scale, mean }).toEqual({ scale: 1, mean: [50, 40, 30] });
    [20, 25, 50].forEach((deviation, i) => {
      expect(std[i]).toBeCloseTo(deviation, 12);
    });
  });

  it("is the preset's own where nothing is said", () => {
    const ours = toPreprocessing(presetScaling('paper-2012'), 224);
    expect(ours).toMatchObject({ meanRgb: [127.305, 119.715, 104.913], gain: [1, 1, 1] });
    const torchvision = toPreprocessing(presetScaling('owt-2014'), 224);
    // A white pixel is (1 - 0.485) / 0.229.
    const [mean = 0, gain = 0] = [torchvision.meanRgb?.[0], torchvision.gain[0]];
    expect((255 - mean) * gain).toBeCloseTo((1 - 0.485) / 0.229, 10);
    const scaling = presetScaling('alexnet');
    expect(() => toPreprocessing({ ...scaling, scale: 0 }, 224)).toThrow('above 0');
    expect(() => toPreprocessing({ ...scaling, std: [1, 0, 1] }, 224)).toThrow('above 0');
  });
});
