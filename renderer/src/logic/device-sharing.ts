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

/** The list, as near to `devices` as the kind of sharing can use. */
export function fitDevices(parallelism: Parallelism, devices: readonly string[], columns: number): string[] {
  const first = devices[0] ?? 'cpu';
  const list = devices.length === 0 ? [first] : [...devices];
  if (parallelism === 'columns') return list.slice(0, columns);
  if (parallelism === 'pairs' && list.length % 2 === 1) list.push(list.at(-1) ?? first);
  return list;
}

/** How many devices more or fewer make the next list; 0: it is as long as it may be. */
export function moreDevices(parallelism: Parallelism, count: number, columns: number): number {
  const step = parallelism === 'pairs' ? 2 : 1;
  const limit = parallelism === 'columns' ? columns : most;
  return count + step <= limit ? step : 0;
}

export function fewerDevices(parallelism: Parallelism, count: number): number {
  const step = parallelism === 'pairs' ? 2 : 1;
  return count > step ? step : 0;
}

/** What the device at a place of the list does. */
export function roleOf(parallelism: Parallelism, place: number, count: number, columns: number): string {
  if (parallelism === 'columns')
    return count === 1 ? (columns === 2 ? 'both columns' : 'the net') : `column ${place}`;
  if (parallelism === 'pairs') return `copy ${Math.floor(place / 2) + 1}, column ${place % 2}`;
  return parallelism === 'data' ? `copy ${place + 1}` : `part ${place + 1}`;
}
