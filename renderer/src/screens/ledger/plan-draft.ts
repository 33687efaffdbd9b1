// A plan as it is typed, and the settings that it stands for.
import { type ClaimId, type LedgerSettings, ledgerSettingsSchema } from '../../../../main/api/ledger.ts';

export interface PlanDraft {
  datasetId: string;
  rows: ClaimId[];
  preset: string;
  devices: string;
  precision: LedgerSettings['precision'];
  schedule: LedgerSettings['scale']['schedule'];
  seeds: string;
  widthFactor: string;
  epochs: string;
  batchSize: string;
  /** Empty: the preset's. */
  learningRate: string;
}

type Field = 'seeds' | 'widthFactor' | 'epochs' | 'batchSize' | 'learningRate' | 'rows';

/** Small enough for a first try on a CPU. */
export function newDraft(): PlanDraft {
  return {
    datasetId: '',
    rows: [],
    preset: 'alexnet',
    devices: 'cpu',
    precision: 'fp32',
    schedule: 'linear',
    seeds: '2',
    widthFactor: '0.25',
    epochs: '5',
    batchSize: '32',
    learningRate: '',
  };
}

export function draftOf({ scale, ...settings }: LedgerSettings): PlanDraft {
  const { datasetId, rows, preset, devices, precision, seeds } = settings;
  return {
    datasetId,
    rows: [...rows],
    preset,
    devices: devices.join(','),
    precision,
    schedule: scale.schedule,
    seeds: String(seeds),
    widthFactor: String(scale.widthFactor),
    epochs: String(scale.epochs),
    batchSize: String(scale.batchSize),
    learningRate: scale.learningRate === null ? '' : String(scale.learningRate),
  };
}

const whole = (text: string, most: number) =>
  /^\d+$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= most;
const positive = (text: string, most: number) => Number(text) > 0 && Number(text) <= most;

/** What is wrong, by field; empty: it can be asked for. */
export function problemsOf(draft: PlanDraft): Partial<Record<Field | 'datasetId', string>> {
  return {
    ...(draft.datasetId === '' ? { datasetId: 'choose a data set' } : {}),
    ...(draft.rows.length === 0 ? { rows: 'Choose at least one row.' } : {}),
    ...(whole(draft.seeds, 50) ? {} : { seeds: '1 to 50' }),
    ...(positive(draft.widthFactor, 4) ? {} : { widthFactor: 'above 0, at most 4' }),
    ...(whole(draft.epochs, 10_000) ? {} : { epochs: '1 to 10,000' }),
    ...(whole(draft.batchSize, 65_536) ? {} : { batchSize: '1 to 65,536' }),
    ...(draft.learningRate.trim() === '' || positive(draft.learningRate, 1000)
      ? {}
      : { learningRate: 'a number above 0' }),
  };
}

/** Of a draft without problems. */
export function toSettings(draft: PlanDraft): LedgerSettings {
  return ledgerSettingsSchema.parse({
    datasetId: draft.datasetId,
    rows: draft.rows,
    preset: draft.preset,
    seeds: Number(draft.seeds),
    devices: draft.devices.split(','),
    precision: draft.precision,
    scale: {
      widthFactor: Number(draft.widthFactor),
      epochs: Number(draft.epochs),
      batchSize: Number(draft.batchSize),
      learningRate: draft.learningRate.trim() === '' ? null : Number(draft.learningRate),
      schedule: draft.schedule,
    },
  });
}
