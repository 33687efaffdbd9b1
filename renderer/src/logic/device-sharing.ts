// The ways in which a run's devices share its work, in words, and the lists of devices that suit each.
import type { Parallelism } from '../../../main/api/run-config.ts';

export interface Sharing {
  value: Parallelism;
  label: string;
  explanation: string;
}

const most = 16;

/** Those that a net of so many columns has. */
export function sharings(columns: number): Sharing[] {
  const one: Sharing = {
    value: 'columns',
    label: 'One device',
    explanation: 'Home says what can be used here and why the rest cannot.',
  };
  const two: Sharing = {
    value: 'columns',
    label: 'Columns: both on one device, or one on each',
    explanation: 'As in the paper: devices exchange only where a layer reads both columns.',
  };
  const pairs: Sharing = {
    value: 'pairs',
    label: 'Pairs: a copy of the net on every two devices',
    explanation:
      'Each pair holds a column each and computes its part of every batch; gradients are added up.',
  };
  return [
    columns === 2 ? two : one,
    {
      value: 'data',
      label: 'Data: a copy of the net on each device',
      explanation:
        'Each computes its part of every batch; gradients are added up. The result is one device’s, up to rounding.',
    },
    ...(columns === 2 ? [pairs] : []),
    {
      value: 'hybrid',
      label: 'Hybrid: fully connected layers are split',
      explanation:
        'Convolutions share the batch, and every device has its part of the fully connected units (Krizhevsky, 2014).',
    },
  ];
}

/** Devices of a copy of the net, where devices come in whole copies. */
function copySize(parallelism: Parallelism): number {
  return parallelism === 'pairs' ? 2 : 1;
}

/** Gradients are added up over GPUs that all differ, or on one alone. */
function canAddUp(devices: readonly string[]): boolean {
  return [1, devices.length].includes(new Set(devices).size);
}

/** Whether the engine takes the list: native/src/spec/device_layout.cc has the reasons. */
function works(parallelism: Parallelism, devices: readonly string[], columns: number): boolean {
  const mixed = new Set(devices.map((id) => id === 'cpu')).size > 1;
  if (mixed || devices.length === 0 || devices.length > most) return false;
  if (parallelism === 'columns') return devices.length === 1 || devices.length === columns;
  if (parallelism !== 'pairs') return canAddUp(devices);
  const ofColumn = (column: number) => devices.filter((_, place) => place % 2 === column);
  const [even, odd] = [ofColumn(0), ofColumn(1)];
  if (even.length !== odd.length || !canAddUp(even) || !canAddUp(odd)) return false;
  const alone = new Set(even).size < 2 || new Set(odd).size < 2;
  return alone || !even.some((id) => odd.includes(id));
}

/**
 * The list with one copy of the net more; undefined where no such list works. `usable`: what can be used here. Devices
 * that are not in the list come first; the same ones come again where there are none, or do so already.
 */
export function moreDevices(
  parallelism: Parallelism,
  devices: readonly string[],
  columns: number,
  usable: readonly string[],
): string[] | undefined {
  const step = copySize(parallelism);
  const free = devices.includes('cpu') ? [] : usable.filter((id) => id !== 'cpu' && !devices.includes(id));
  const again = free.length === 0 || new Set(devices).size < devices.length;
  const longer = [...devices, ...(again ? devices : free).slice(0, step)];
  const grown = longer.length === devices.length + step;
  return grown && works(parallelism, longer, columns) ? longer : undefined;
}

/** The list, as near to `devices` as the kind of sharing can use. */
export function fitDevices(
  parallelism: Parallelism,
  devices: readonly string[],
  columns: number,
  usable: readonly string[],
): string[] {
  for (let count = devices.length; count > 0; count--)
    if (works(parallelism, devices.slice(0, count), columns)) return devices.slice(0, count);
  const first = devices[0] ?? 'cpu';
  return moreDevices('columns', [first], copySize(parallelism), usable) ?? [first];
}

/** What is to be said of devices that pairs leave out; empty: nothing. */
export function pairsNote(parallelism: Parallelism, usable: readonly string[]): string {
  const gpus = usable.filter((id) => id !== 'cpu').length;
  if (parallelism !== 'pairs' || gpus < 2 || gpus % 2 === 0) return '';
  return `A pair takes two GPUs: ${gpus - 1} of the ${gpus} here can be used.`;
}

/** How many devices fewer make the next list; 0: it has no more than it must. */
export function fewerDevices(parallelism: Parallelism, count: number): number {
  const step = copySize(parallelism);
  return count > step ? step : 0;
}

/** What the device at a place of the list does. */
export function roleOf(parallelism: Parallelism, place: number, count: number, columns: number): string {
  if (parallelism === 'columns')
    return count === 1 ? (columns === 2 ? 'both columns' : 'the net') : `column ${place}`;
  if (parallelism === 'pairs') return `copy ${Math.floor(place / 2) + 1}, column ${place % 2}`;
  return parallelism === 'data' ? `copy ${place + 1}` : `part ${place + 1}`;
}
