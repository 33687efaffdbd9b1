// Events of a run in words, for its log and for the lines on its curves.
import type { RunEvent } from '../../../../main/api/runs.ts';
import type { Marker } from '../../charts/chart-types.ts';
import { bytes, compact } from '../../logic/format.ts';

const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function commandText(payload: Record<string, unknown>): string {
  const layer = text(payload.layer);
  const value = compact(number(payload.value));
  switch (text(payload.command)) {
    case 'pause':
      return 'Paused';
    case 'resume':
      return 'Went on';
    case 'stop':
      return 'Stopped';
    case 'setRate':
      return `Rate set to ${value}`;
    case 'scaleRate':
      return `Rate times ${value}`;
    case 'setLayerRate':
      return `Rate of ${layer} set to ${value}`;
    case 'freeze':
      return `${layer} frozen`;
    case 'unfreeze':
      return `${layer} thawed`;
    case 'colourNoise':
      return number(payload.value) === 0 ? 'Colour noise off' : `Colour noise ${value}`;
    case 'checkpoint':
      return 'Checkpoint asked for';
    default:
      return text(payload.command);
  }
}

/** Why a checkpoint was written. */
export const checkpointReasons: Record<string, string> = {
  epoch: 'end of the epoch',
  interval: 'by time',
  steering: 'asked for',
  stop: 'stopped',
  end: 'end of the run',
};

/** One line for the log. */
export function describeEvent({ kind, payload }: Pick<RunEvent, 'kind' | 'payload'>): string {
  switch (kind) {
    case 'command':
      return commandText(payload);
    case 'checkpoint': {
      const why = checkpointReasons[text(payload.reason)] ?? text(payload.reason);
      const size = number(payload.sizeBytes);
      const facts = [why, size === null ? '' : bytes(size), payload.best === true ? 'best so far' : ''];
      return `Checkpoint: ${facts.filter((fact) => fact !== '').join(', ')}`;
    }
    case 'started':
      return 'Started';
    case 'resumed':
      return 'Resumed from its newest checkpoint';
    case 'ended':
      return `Ended: ${text(payload.state)}${text(payload.reason) === '' ? '' : `, ${text(payload.reason)}`}`;
    case 'interrupted':
      return `Interrupted${text(payload.reason) === '' ? '' : `: ${text(payload.reason)}`}`;
    default:
      return kind;
  }
}

/** Who did it. */
export function eventSource({ kind, payload }: Pick<RunEvent, 'kind' | 'payload'>): string {
  if (kind !== 'command') return 'application';
  return payload.steered === true ? 'you' : 'schedule';
}

/** The events worth a line over the curves: checkpoints at the end of epochs are too many. */
export function toMarkers(events: readonly RunEvent[]): Marker[] {
  return events.flatMap((event): Marker[] => {
    const { step, kind, payload } = event;
    if (kind === 'resumed') return [{ x: step, label: 'resumed', tone: 'accent' }];
    if (kind === 'interrupted') return [{ x: step, label: 'interrupted', tone: 'danger' }];
    if (kind === 'ended' && payload.state === 'diverged')
      return [{ x: step, label: 'diverged', tone: 'danger' }];
    if (kind !== 'command') return [];
    const command = text(payload.command);
    if (command === 'resume' || command === 'stop' || command === 'checkpoint') return [];
    const tone = payload.steered === true ? 'warn' : 'plain';
    return [{ x: step, label: commandText(payload).toLowerCase(), tone }];
  });
}
