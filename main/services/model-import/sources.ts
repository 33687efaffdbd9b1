// Whose weights a file holds: how their pixels become the input, and which errors were published for them.
import type { Claim } from '../../api/models.ts';
import type { NetConfig } from '../../api/run-config.ts';
import type { ModelFile } from '../../data/model-formats/model-file.ts';

type Triple = [number, number, number];

export interface Source {
  /** In plain words. */
  kind: string;
  channels: 'rgb' | 'bgr';
  scale: number;
  mean: Triple;
  std: Triple;
  claim: Claim | null;
  notes: string[];
}

/** The mean colour of ImageNet's training photos, 0..255, of the original code's set ... */
const originalMean: Triple = [127.305, 119.715, 104.913];
/** ... and of Caffe's. */
const caffeMean: Triple = [122.6789, 116.6688, 104.007];

const validation = 'the validation photos of ILSVRC-2012, centre crop';

const torchvision = {
  scale: 1 / 255,
  mean: [0.485, 0.456, 0.406] satisfies Triple as Triple,
  std: [0.229, 0.224, 0.225] satisfies Triple as Triple,
};

/** What a preset's published weights were trained with. */
export function presetScaling(preset: string): Pick<Source, 'scale' | 'mean' | 'std'> {
  if (preset === 'owt-2014') return torchvision;
  return { scale: 1, mean: originalMean, std: [1, 1, 1] };
}

function normalisesFirst(net: NetConfig): boolean {
  const then = net.layers[0]?.then ?? [];
  return then.indexOf('lrn') >= 0 && then.indexOf('lrn') < then.indexOf('pool');
}

/** By what a preset's widths were multiplied, 1: nothing; undefined: each by something else. */
export type Widths = number | undefined;

/** The factor that makes one list of widths of another, each rounded. */
export function commonFactor(widths: readonly number[], published: readonly number[]): Widths {
  if (widths.length !== published.length) return undefined;
  // The widest says it most exactly.
  const widest = published.indexOf(Math.max(...published));
  const factor = (widths[widest] ?? 0) / (published[widest] ?? 1);
  return widths.every((width, i) => Math.abs(width - factor * (published[i] ?? 0)) <= 1) ? factor : undefined;
}

/** A net of ImageNet's classes has its published errors; another one was trained further, or anew, by somebody. */
function claimed(
  net: NetConfig,
  widths: Widths,
  top1Error: number,
  top5Error: number,
  by: string,
): Claim | null {
  return net.classes === 1000 && widths === 1
    ? { top1Error, top5Error, on: `${validation}, by ${by}` }
    : null;
}

function caffeSource(net: NetConfig, widths: Widths): Source {
  const common = {
    channels: 'bgr' as const,
    scale: 1,
    mean: caffeMean,
    std: [1, 1, 1] satisfies Triple as Triple,
    notes: [
      'Caffe resizes photos to 256 x 256 without keeping their proportions and subtracts a mean image; here the shorter side becomes 256, and without the mean file (.binaryproto) one mean colour is subtracted.',
    ],
  };
  if (normalisesFirst(net)) {
    return {
      ...common,
      kind: "Caffe's bvlc_alexnet, or one like it",
      claim: claimed(net, widths, 0.429, 0.198, 'Caffe'),
    };
  }
  return {
    ...common,
    kind: "Caffe's caffenet, or one like it",
    claim: claimed(net, widths, 0.426, 0.196, 'Caffe'),
  };
}

function inWords(widths: Widths): string {
  if (widths === 1) return '';
  return widths === undefined ? ', in other widths' : `, ${Number(widths.toPrecision(3))} times as wide`;
}

/** `preset`: what the tensors fit. */
export function recogniseSource(file: ModelFile, preset: string, net: NetConfig, widths: Widths): Source {
  if (file.format === 'caffe') return caffeSource(net, widths);
  if (file.format === 'onnx' && /caffe/i.test(file.title)) {
    const source = caffeSource(net, widths);
    return {
      ...source,
      notes: [...source.notes, 'The file was converted from Caffe: its colours are taken for BGR.'],
    };
  }
  const rgb = { channels: 'rgb' as const, ...presetScaling(preset) };
  if (preset === 'owt-2014') {
    return {
      ...rgb,
      kind: `torchvision's alexnet${inWords(widths)}`,
      claim: claimed(net, widths, 0.4348, 0.2093, 'torchvision'),
      notes: [],
    };
  }
  const program = file.title === '' ? 'another program' : file.title;
  return {
    ...rgb,
    kind: `a net of ${net.columns === 2 ? 'two columns' : 'one column'} by ${program}`,
    claim: null,
    notes: ['The file does not say how pixels become its input: check the mean, deviation and scale.'],
  };
}
