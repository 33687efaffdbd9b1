// What can be said of a file of weights on the command line: options of model inspect and model import.
import type { ImportCorrections } from '../../api/models.ts';
import type { Arguments, OptionSpec } from './arguments.ts';

export const importOptions: Readonly<Record<string, OptionSpec>> = {
  preset: { value: 'P', help: "the net's form (default: as recognised)" },
  labels: { value: 'FILE', help: 'class names, one a line in class order, or JSON' },
  mean: { value: 'R,G,B', help: 'subtracted from the scaled pixel' },
  std: { value: 'R,G,B', help: 'what is left is divided by this' },
  scale: { value: 'S', help: 'pixel values 0..255 are multiplied by this first' },
  'mean-file': { value: 'FILE', help: "Caffe's mean image (.binaryproto), instead of --mean" },
  channels: { value: 'rgb|bgr', help: 'the order in which the first layer takes the colours' },
};

export const importNotes = [
  'The format is told by the content: safetensors, PyTorch (.pth, .pt), Caffe (.caffemodel) or ONNX. Nothing of a file',
  'is executed. input = (pixel * scale - mean) / std; what is not given is taken from the file or its source.',
];

export function importCorrections(args: Arguments): ImportCorrections {
  const preset = args.text('preset');
  const labels = args.text('labels');
  const mean = args.triple('mean');
  const std = args.triple('std');
  const scale = args.number('scale');
  const meanFile = args.text('mean-file');
  const channels = args.choice('channels', ['rgb', 'bgr']);
  return {
    ...(preset === undefined ? {} : { preset }),
    ...(labels === undefined ? {} : { labels }),
    ...(mean === undefined ? {} : { mean }),
    ...(std === undefined ? {} : { std }),
    ...(scale === undefined ? {} : { scale }),
    ...(meanFile === undefined ? {} : { meanFile }),
    ...(channels === undefined ? {} : { channels }),
  };
}
