// runs report: a run as one HTML file.
import { checkOutputPlace, writeWhole } from '../../../services/output-place.ts';
import type { Command } from '../command.ts';
import { bytes, printable } from '../format.ts';

export const runsReport: Command = {
  words: ['runs', 'report'],
  summary: 'Writes a run as one HTML file: settings, lineage, curves, results',
  positionals: 'RUN',
  positionalCount: [1, 1],
  options: {
    out: { value: 'FILE.html', help: 'the file to write', required: true },
    photos: {
      help: 'with small pictures of the most confident mistakes, which leave this machine with the file',
    },
  },
  async run({ output, studio }, args) {
    const out = args.required('out');
    checkOutputPlace(out, 'the report');
    const { text } = await studio().reports.make(args.positional(0), { photos: args.has('photos') });
    await writeWhole(out, text);
    const sizeBytes = Buffer.byteLength(text);
    output.emit({ file: out, sizeBytes });
    output.print(`report: ${printable(out)}, ${bytes(sizeBytes)}`);
  },
};
