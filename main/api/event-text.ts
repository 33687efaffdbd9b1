// Events of a run in words, for its log and its report.
import { bytes, compact } from './number-text.ts';
import type { RunEvent } from './runs.ts';

const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** "Rate of conv1 set to 1e-5". */
export function commandText(payload: Record<string, unknown>): string {
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
    case 'notice':
      return text(payload.message);
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
