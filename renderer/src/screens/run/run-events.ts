// Events of a run for its log and for the lines on its curves; their words: main/api/event-text.ts.
import { commandText } from '../../../../main/api/event-text.ts';
import type { RunEvent } from '../../../../main/api/runs.ts';
import type { Marker } from '../../charts/chart-types.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

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
