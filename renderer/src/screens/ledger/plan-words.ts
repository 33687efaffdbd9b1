// A plan in words, and which measurement is looked at.
import type { Ledger, LedgerPlan } from '../../../../main/api/ledger.ts';
import { count, plural } from '../../logic/format.ts';

export function planLabel({ datasetName, settings }: Pick<LedgerPlan, 'datasetName' | 'settings'>): string {
  const { widthFactor, epochs } = settings.scale;
  return `${datasetName}, ${settings.preset}, width ${widthFactor}, ${plural(epochs, 'epoch')}`;
}

export function planFacts({ plan, dataset }: Ledger): string[] {
  const { settings } = plan;
  const { widthFactor, epochs, batchSize, learningRate, schedule } = settings.scale;
  return [
    `${dataset.name}: ${count(dataset.trainImages)} + ${count(dataset.valImages)} images, ${plural(dataset.classes, 'class', 'classes')}`,
    settings.preset,
    plural(settings.seeds, 'seed'),
    widthFactor === 1 ? 'full width' : `${widthFactor} of the width`,
    plural(epochs, 'epoch'),
    `batch ${count(batchSize)}`,
    ...(learningRate === null ? [] : [`rate ${learningRate}`]),
    ...(schedule === 'preset' ? [] : [`${schedule} rate`]),
    `${settings.precision} on ${settings.devices.join(' and ')}`,
  ];
}

export type Source = { kind: 'plan'; id: string } | { kind: 'shipped'; index: number } | { kind: 'none' };

export function sourceOf(value: string): Source {
  const [kind, rest = ''] = value.split(':');
  if (kind === 'plan') return { kind: 'plan', id: rest };
  return kind === 'shipped' ? { kind: 'shipped', index: Number(rest) } : { kind: 'none' };
}
