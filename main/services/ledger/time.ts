// How long a plan still takes, from speeds measured on this machine.
import type { Evaluation } from '../../api/evaluation.ts';
import type { LedgerTime } from '../../api/ledger.ts';
import type { ConfigTime } from '../../api/operations/config.ts';
import type { RunConfig } from '../../api/run-config.ts';
import type { Run } from '../../api/runs.ts';
import type { Cell } from './cells.ts';

export interface TimeParts {
  valImages: number;
  /** Null where nothing comparable was trained yet. */
  speed: (config: RunConfig) => ConfigTime | null;
  evaluation: (run: Run, crops: 1 | 10) => Evaluation | undefined;
}

/** Forward is a third of a training step's work. */
const trainingToForward = 3;

export function timeOf(cells: readonly (Cell & { run: Run | undefined })[], parts: TimeParts): LedgerTime {
  const speeds = new Map<string, ConfigTime | null>();
  const known = { runsMissing: 0, runsThere: 0, evaluationsMissing: 0 };
  const measured = new Map<number, number[]>();
  let remainingMs: number | null = 0;
  let first: ConfigTime | null = null;
  const evaluations: { crops: 1 | 10; speed: ConfigTime | null }[] = [];
  for (const { recipe, run, config } of cells) {
    if (run?.state === 'diverged') continue;
    const finished = run?.state === 'finished';
    if (finished) known.runsThere++;
    else known.runsMissing++;
    const missing = recipe.crops.filter((crops) => {
      const evaluation = finished ? parts.evaluation(run, crops) : undefined;
      if (evaluation !== undefined)
        measured.set(crops, [...(measured.get(crops) ?? []), evaluation.elapsedMs]);
      return evaluation === undefined;
    });
    known.evaluationsMissing += missing.length;
    if (finished && missing.length === 0) continue;
    if (!speeds.has(recipe.id)) speeds.set(recipe.id, parts.speed(config));
    const speed = speeds.get(recipe.id) ?? null;
    first ??= speed;
    evaluations.push(...missing.map((crops) => ({ crops, speed })));
    if (finished) continue;
    const done = run === undefined || run.totalSteps === 0 ? 0 : run.step / run.totalSteps;
    remainingMs = speed === null || remainingMs === null ? null : remainingMs + speed.elapsedMs * (1 - done);
  }
  for (const { crops, speed } of evaluations) {
    const like = measured.get(crops);
    const elapsedMs =
      like !== undefined
        ? like.reduce((sum, one) => sum + one, 0) / like.length
        : speed === null
          ? null
          : (parts.valImages * crops * 1000) / (speed.imagesPerSecond * trainingToForward);
    remainingMs = remainingMs === null || elapsedMs === null ? null : remainingMs + elapsedMs;
  }
  return {
    ...known,
    remainingMs,
    imagesPerSecond: first?.imagesPerSecond ?? null,
    measuredOn: first?.measuredOn?.name ?? null,
  };
}
