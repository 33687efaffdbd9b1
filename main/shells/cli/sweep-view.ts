// Classifying files and folders of any size from a command: the options, and how far it is.
import type { StoredSweep as Sweep, SweepProgress, SweepService } from '../../services/sweeps/sweeps.ts';
import type { Arguments, OptionSpec } from './arguments.ts';
import type { Context } from './command.ts';
import { count, duration, percent, plural, rate } from './format.ts';
import { RemainingTime } from './progress.ts';

export const sweepOptions: Readonly<Record<string, OptionSpec>> = {
  model: { value: 'MODEL', help: 'the model', required: true },
  top: { value: 'K', help: 'how many answers a photo (default: 5)' },
  crops: { value: '1|10', help: 'centre crop, or ten crops averaged (default: 1)' },
};

/** Answers what has no answer yet; `out`: the file of answers. */
export async function sweepInto(
  { output, signal, studio, now }: Context,
  args: Arguments,
  out?: string,
): Promise<{ sweep: Sweep; end: SweepProgress }> {
  const { sweeps } = studio();
  const sweep = openSweep(studio().sweeps, args);
  const remaining = new RemainingTime(now);
  const began = now();
  const end = await sweeps.run(sweep.id, {
    ...(out === undefined ? {} : { out }),
    signal,
    onProgress: ({ done, total, known, failed }) => {
      const left = total === null ? undefined : remaining.update(done, total);
      output.status(() => {
        const share = total === null ? '' : `/${count(total)}  ${percent(done / (total || 1))}`;
        const speed = rate(((done - known) * 1000) / Math.max(1, now() - began));
        const bad = failed === 0 ? '' : `  ${plural(failed, 'error')}`;
        const time = left === undefined ? '' : `  ${duration(left)} left`;
        return `classifying  ${count(done)}${share}  ${speed} photos/s${bad}${time}`;
      });
    },
  });
  output.clearStatus();
  return { sweep, end };
}

export function openSweep(sweeps: SweepService, args: Arguments): Sweep {
  return sweeps.open({
    paths: args.positionals,
    model: args.required('model'),
    top: args.integer('top', 1) ?? 5,
    crops: args.choice('crops', ['1', '10']) === '10' ? 10 : 1,
  });
}
