// model import: weights from another program's file as a model.
import type { Command } from '../command.ts';
import { count, plural, printable } from '../format.ts';
import { importCorrections, importNotes, importOptions } from '../import-options.ts';

export const modelImport: Command = {
  words: ['model', 'import'],
  summary: 'Imports weights: safetensors, PyTorch, Caffe, ONNX',
  positionals: 'FILE',
  positionalCount: [1, 1],
  options: {
    name: { value: 'N', help: 'what to call the model', required: true },
    ...importOptions,
  },
  notes: [
    ...importNotes,
    'model inspect shows all of it beforehand, model check measures the imported model.',
  ],
  async run({ output, signal, studio }, args) {
    const request = { file: args.positional(0), name: args.required('name'), ...importCorrections(args) };
    const model = await studio().models.importFile(request, signal);
    output.emit(model);
    output.print(
      `${printable(model.name)}: ${printable(String(model.source.kind ?? model.format))}, ${model.preset}, ` +
        `${count(model.parameters)} parameters, ${plural(model.labels.length, 'class', 'classes')}`,
    );
  },
};
