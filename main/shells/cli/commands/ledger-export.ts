// ledger export: what was measured as a file.
import { writeFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { AppError } from '../../../api/errors.ts';
import { ledgerText } from '../../../services/ledger/export.ts';
import { usageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { printable } from '../format.ts';

const formats = ['json', 'csv', 'html', 'md'] as const;

export const ledgerExport: Command = {
  words: ['ledger', 'export'],
  summary: 'Writes what was measured to a file',
  positionals: '[PLAN]',
  positionalCount: [0, 1],
  options: {
    out: {
      value: 'FILE',
      help: 'FILE.json, .csv, .html or .md; a file that is there is not replaced',
      required: true,
    },
    command: { value: 'TEXT', help: 'the command that measured it, to be kept with it' },
  },
  notes: ['Without PLAN: the newest. JSON has everything; HTML needs nothing else to be read.'],
  async run({ program, output, studio }, args) {
    const out = resolve(args.required('out'));
    const format = formats.find((one) => extname(out).toLowerCase() === `.${one}`);
    if (format === undefined)
      throw usageError(`--out ends with .${formats.join(', .')}, not '${extname(out)}'`);
    const { ledger } = studio();
    const plan = args.positionals[0] ?? ledger.plans()[0]?.id;
    if (plan === undefined) {
      throw new AppError('NOT_FOUND', `nothing was measured here yet; ${program} ledger run --help says how`);
    }
    const file = await ledger.file(plan, args.text('command') ?? '');
    try {
      await writeFile(out, ledgerText(file, format), { flag: 'wx' });
    } catch (error) {
      if (Reflect.get(Object(error), 'code') !== 'EEXIST') {
        throw new AppError('IO', `${out} could not be written: ${String(error)}`, { path: out });
      }
      throw new AppError('IO', `${out} is there already; remove it or choose another name`, { path: out });
    }
    output.emit({ file: out, plan, rows: file.ledger.rows.length });
    output.print(`${printable(out)}: ${file.ledger.rows.length} rows`);
  },
};
