// What a plan of the ledger is made from on the command line.
import { type ClaimId, claimIdSchema, type LedgerSettings, ledgerSettingsSchema } from '../../api/ledger.ts';
import { closest } from '../../api/nearest.ts';
import { parseWith } from '../../api/parse.ts';
import type { Studio } from '../../services/studio.ts';
import { type Arguments, type OptionSpec, usageError } from './arguments.ts';

export const ledgerOptions: Readonly<Record<string, OptionSpec>> = {
  dataset: { value: 'N', help: 'the data set', required: true },
  preset: { value: 'P', help: 'the baseline (default: alexnet)' },
  seeds: { value: 'K', help: 'runs of every recipe (default: 2)' },
  width: { value: 'F', help: 'every width but the classifier’s times this (default: 1)' },
  epochs: { value: 'E', help: 'of every run (default: the preset’s); its schedule is scaled to them' },
  batch: { value: 'B', help: 'images a step (default: the preset’s)' },
  rate: { value: 'R', help: 'learning rate (default: the preset’s)' },
  schedule: { value: 'S', help: 'preset, linear (down to 0) or constant (default: preset)' },
  devices: { value: 'D,D', help: 'cpu, or cuda:0; two of them hold a column each' },
  precision: { value: 'P', help: 'fp32, tf32 or bf16' },
  threads: { value: 'T', help: 'CPU threads; 0: all cores' },
};

/** Rows that are named, or all of the paper's. Throws USAGE. */
export function chosenRows(names: readonly string[]): ClaimId[] {
  const all = claimIdSchema.options;
  if (names.length === 0) return all.filter((id) => !id.startsWith('code-'));
  return names.map((name) => {
    const found = all.find((id) => id === name);
    if (found !== undefined) return found;
    const meant = closest(name, all);
    const hint = meant === undefined ? `there are: ${all.join(', ')}` : `did you mean '${meant}'?`;
    throw usageError(`the ledger has no row '${name}'; ${hint}`);
  });
}

/** Throws USAGE, NOT_FOUND. */
export function ledgerSettings(args: Arguments, rows: ClaimId[], studio: () => Studio): LedgerSettings {
  const seeds = args.integer('seeds', 1, 50);
  const widthFactor = args.number('width', 0.01, 4);
  const epochs = args.integer('epochs', 1, 10_000);
  const batchSize = args.integer('batch', 1, 65_536);
  const learningRate = args.number('rate', 1e-9);
  const schedule = args.choice('schedule', ['preset', 'linear', 'constant']);
  const devices = args.text('devices')?.split(',');
  const precision = args.choice('precision', ['fp32', 'tf32', 'bf16']);
  const threads = args.integer('threads', 0, 1024);
  const dataset = args.required('dataset');
  const preset = args.text('preset') ?? 'alexnet';
  const { datasets, presets } = studio();
  const { config } = presets.load(preset);
  const settings = {
    datasetId: datasets.find(dataset).id,
    rows,
    preset,
    scale: {
      epochs: epochs ?? config.epochs ?? 90,
      batchSize: batchSize ?? config.optimiser.batchSize,
      ...(widthFactor === undefined ? {} : { widthFactor }),
      ...(learningRate === undefined ? {} : { learningRate }),
      ...(schedule === undefined ? {} : { schedule }),
    },
    ...(seeds === undefined ? {} : { seeds }),
    ...(devices === undefined ? {} : { devices }),
    ...(precision === undefined ? {} : { precision }),
    ...(threads === undefined ? {} : { threads }),
  };
  return parseWith(ledgerSettingsSchema, settings, 'the plan', 'USAGE');
}
