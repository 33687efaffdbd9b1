// classify: what a model sees on photos; one result or one error for every file.
import type { Command } from '../command.ts';
import { percent, plural, printable } from '../format.ts';

export const classify: Command = {
  words: ['classify'],
  summary: 'Classifies photos and folders of photos',
  positionals: 'PATH...',
  positionalCount: [1, Number.POSITIVE_INFINITY],
  options: {
    model: { value: 'MODEL', help: 'the model', required: true },
    top: { value: 'K', help: 'how many answers a photo (default: 5)' },
    crops: { value: '1|10', help: 'centre crop, or ten crops averaged (default: 1)' },
  },
  notes: ['A file whose name begins with - is given as ./-name, or after --.'],
  async run({ output, signal, studio }, args) {
    const top = args.integer('top', 1) ?? 5;
    const crops = args.choice('crops', ['1', '10']) === '10' ? 10 : 1;
    const counts = await studio().classification.classify(
      { paths: [...args.positionals], model: args.required('model'), top, crops },
      (result) => {
        output.emit(result);
        if ('error' in result) {
          output.print(
            `${printable(result.file)}: error ${result.error.code}: ${printable(result.error.message)}`,
          );
          return;
        }
        const answers = result.predictions.map((p) => `${printable(p.name)} ${percent(p.probability)}`);
        output.print(`${printable(result.file)}: ${answers.join(', ')}`);
      },
      signal,
    );
    if (!output.json && counts.files > 1) {
      output.note(`${plural(counts.files, 'file')}, ${plural(counts.failed, 'error')}`);
    }
    return counts.failed === counts.files ? 'failed' : undefined;
  },
};
