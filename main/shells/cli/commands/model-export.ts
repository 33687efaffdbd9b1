// model export: a model or a run's checkpoint as a file for other programs.
import type { Command } from '../command.ts';
import { bytes, printable } from '../format.ts';

export const modelExport: Command = {
  words: ['model', 'export'],
  summary: "Writes a model's or a run's weights to a file",
  positionals: 'MODEL',
  positionalCount: [1, 1],
  options: {
    format: { value: 'safetensors|pytorch|onnx|labels', help: 'the file format', required: true },
    out: { value: 'FILE', help: 'where to write', required: true },
  },
  notes: [
    'safetensors and pytorch hold the net, preprocessing and class names beside the weights; torch.load reads the',
    "latter (torchvision's names for owt-2014). onnx: operator set 13, any batch, logits and probabilities, the",
    'preprocessing in its metadata. labels: class names and preprocessing alone, as JSON.',
  ],
  async run({ output, signal, studio }, args) {
    const format = args.choice('format', ['safetensors', 'pytorch', 'onnx', 'labels']) ?? 'safetensors';
    const out = args.required('out');
    const exported = await studio().models.exportFile({ model: args.positional(0), format, out }, signal);
    output.emit({ exported: out, ...exported });
    output.print(`${printable(out)}: ${exported.tensors} tensors, ${bytes(exported.sizeBytes)}`);
  },
};
