// A plan's baseline: the chosen preset at the plan's width, length, batch and rate.
import type { LedgerScale, LedgerSettings } from '../../api/ledger.ts';
import type { ActionConfig, RunConfig, ScheduleConfig } from '../../api/run-config.ts';
import type { Presets } from '../presets.ts';

/** Throws INVALID_CONFIG where there is no such preset. */
export function planBase(presets: Presets, settings: LedgerSettings, classes: number): RunConfig {
  const { preset, scale, devices, precision, threads } = settings;
  const whole = presets.configure({ preset, devices, precision, threads }, classes);
  const full = whole.epochs ?? scale.epochs;
  const { steps: _steps, ...config } = whole;
  return {
    ...config,
    epochs: scale.epochs,
    net: { ...config.net, ...(scale.widthFactor === 1 ? {} : { widthFactor: scale.widthFactor }) },
    optimiser: {
      ...config.optimiser,
      batchSize: scale.batchSize,
      learningRate: scale.learningRate ?? config.optimiser.learningRate,
      schedule: scaledSchedule(config.optimiser.schedule, scale, full),
      actions: config.optimiser.actions.map((action) => scaledAction(action, scale, full)),
    },
  };
}

/** An epoch of the preset's length at the same share of the plan's; epochs count from 1. */
function scaledEpoch(epoch: number, { epochs }: LedgerScale, full: number): number {
  return epochs === full ? epoch : Math.max(1, Math.round(((epoch - 1) * epochs) / full) + 1);
}

function scaledAction(action: ActionConfig, scale: LedgerScale, full: number): ActionConfig {
  return { ...action, epoch: scaledEpoch(action.epoch, scale, full) };
}

function scaledSchedule(schedule: ScheduleConfig, scale: LedgerScale, full: number): ScheduleConfig {
  if (scale.schedule === 'linear') return { kind: 'polynomial', power: 1 };
  if (scale.schedule === 'constant') return { kind: 'constant' };
  if (schedule.kind === 'steps') {
    const epochs = schedule.epochs.map((epoch) => scaledEpoch(epoch, scale, full));
    return { ...schedule, epochs: [...new Set(epochs)] };
  }
  if (schedule.kind === 'plateau') {
    return { ...schedule, patience: Math.max(1, Math.round((schedule.patience * scale.epochs) / full)) };
  }
  return schedule;
}
