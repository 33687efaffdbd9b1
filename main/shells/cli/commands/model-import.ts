// model import: weights from a safetensors file as a model.
import type { Command } from '../command.ts';
import { count, plural, printable } from '../format.ts';

export const modelImport: Command = {
  words: ['model', 'import'],
  summary: 'Imports weights from a safetensors file',
  positionals: 'FILE',
  positionalCount: [1, 1],
  options: {
    name: { value: 'N', help: 'what to call the model', required: true },
    preset: { value: 'P', help: "the net's form (default: what the file says, else alexnet)" },
    labels: { value: 'FILE', help: 'class names, one a line in class order' },
    mean: { value: 'R,G,B', help: 'subtracted from the scaled pixel' },
    std: { value: 'R,G,B', help: 'what is left is divided by this' },
    scale: { value: 'S', help: 'pixel values 0..255 are multiplied by this first' },
  },
  notes: [
    'input = (pixel * scale - mean) / std. Unless the file says otherwise: scale 1, the mean colour of ImageNet,',
    "std 1; for owt-2014 scale 1/255 and torchvision's mean and std.",
  ],
  async run({ output, studio }, args) {
    const preset = args.text('preset');
    const labels = args.text('labels');
    const mean = args.triple('mean');
    const std = args.triple('std');
    const scale = args.number('scale');
    const model = await studio().models.importFile({
      file: args.positional(0),
      name: args.required('name'),
      ...(preset === undefined ? {} : { preset }),
      ...(labels === undefined ? {} : { labels }),
      ...(mean === undefined ? {} : { mean }),
      ...(std === undefined ? {} : { std }),
      ...(scale === undefined ? {} : { scale }),
    });
    output.emit(model);
    output.print(
      `${printable(model.name)}: ${model.preset}, ${count(model.parameters)} parameters, ` +
        `${plural(model.labels.length, 'class', 'classes')}`,
    );
  },
};
