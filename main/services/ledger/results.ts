// The ledger's rows from runs and evaluations. Nothing of a result is stored: it is computed from what they say now.
import type { Claim, Estimate, Ledger, LedgerRow, LedgerRun, LedgerSide } from '../../api/ledger.ts';
import type { Run } from '../../api/runs.ts';
import type { ClaimDefinition } from './claims.ts';
import type { Measurements, Wrong } from './measurements.ts';
import { estimate, mean, pooledVariance, shareOfImages } from './statistics.ts';
import { judge } from './verdict.ts';

/** Linked runs by recipe. */
export type RunsByRecipe = ReadonlyMap<string, readonly { seed: number; run: Run }[]>;

export interface ResultParts {
  measurements: Measurements;
  runs: RunsByRecipe;
  /** Of the validation split. */
  images: number;
  classes: number;
  seeds: number;
  comparability: Ledger['comparability'];
}

interface Evaluated {
  seed: number;
  run: Run;
  wrong: Wrong;
}

type Rank = keyof Wrong;
const ranks: readonly Rank[] = ['top1', 'top5'];

const ended = new Set<Run['state']>(['finished', 'diverged', 'failed', 'stopped', 'interrupted']);
/** Ended, but for as long as nobody lets it go on. */
const resumable = new Set<Run['state']>(['stopped', 'interrupted']);

export function errorOf(wrong: Uint8Array): number {
  let sum = 0;
  for (const one of wrong) sum += one;
  return sum / wrong.length;
}

export class LedgerResults {
  readonly #parts: ResultParts;
  /** By crops: of every recipe evaluated so, the errors of its seeds. */
  readonly #pools = new Map<1 | 10, Record<Rank, number[][]>>();

  constructor(parts: ResultParts) {
    this.#parts = parts;
  }

  async row(definition: ClaimDefinition, claim: Claim): Promise<LedgerRow> {
    const { measure, crops } = definition;
    const sides = {
      baseline: this.#side(definition.baseline, measure === 'crops' ? 10 : crops),
      variant: this.#side(definition.variant, measure === 'crops' ? 1 : crops),
    };
    const measured =
      measure === 'epochs'
        ? this.#ratio(definition)
        : measure === 'error'
          ? await this.#errors(definition)
          : measure === 'crops'
            ? await this.#crops(definition)
            : await this.#ensemble(definition, sides);
    const { seeds, comparability, images } = this.#parts;
    const all = [
      ...new Map([...sides.baseline.runs, ...sides.variant.runs].map((run) => [run.runId, run])).values(),
    ];
    const row = { ...noValues, ...measured, wanted: seeds };
    const judged = judge(claim, comparability.comparable, {
      ...row,
      broken: brokenWords(all.filter(isBroken)),
      goesOn: all.filter(isBroken).every(({ state }) => resumable.has(state)),
      underWay: all.some(({ state }) => !ended.has(state)),
      learned:
        measure !== 'error' ||
        all.some(
          ({ state, top1Error }) => state === 'finished' && top1Error !== null && !this.#guesses(top1Error),
        ),
      images,
    });
    const against = (theirs: number | null | undefined) =>
      comparability.comparable && row.top1 !== null && theirs !== null && theirs !== undefined
        ? row.top1.mean - theirs
        : null;
    return {
      claim: claim.id,
      ...sides,
      ...row,
      toPaper: against(claim.paper?.top1),
      toAuthor: against(claim.author?.top1),
      ...judged,
      progress: this.#progress(definition),
    };
  }

  #side({ id, title }: ClaimDefinition['baseline'], crops: 1 | 10): LedgerSide {
    const { measurements } = this.#parts;
    const runs = this.#of(id).map(({ seed, run }): LedgerRun => {
      const evaluation = measurements.evaluation(run, crops);
      const { name, state, reason, step, totalSteps } = run;
      return {
        runId: run.id,
        name,
        seed,
        state,
        reason,
        step,
        totalSteps,
        top1Error: evaluation?.top1Error ?? null,
        top5Error: evaluation?.top5Error ?? null,
        epochs: measurements.epochsToTarget(run),
      };
    });
    return {
      title,
      recipe: id,
      runs,
      top1Error: meanOf(runs.map(({ top1Error }) => top1Error)),
      top5Error: meanOf(runs.map(({ top5Error }) => top5Error)),
      epochs: meanOf(runs.map(({ epochs }) => epochs)),
    };
  }

  #of(recipe: string) {
    return (this.#parts.runs.get(recipe) ?? []).filter(({ seed }) => seed <= this.#parts.seeds);
  }

  async #evaluated(recipe: string, crops: 1 | 10): Promise<Evaluated[]> {
    const { measurements } = this.#parts;
    const found: Evaluated[] = [];
    for (const { seed, run } of this.#of(recipe)) {
      const evaluation = run.state === 'finished' ? measurements.evaluation(run, crops) : undefined;
      const wrong = evaluation === undefined ? null : await measurements.wrong(evaluation);
      if (wrong?.top1.length === this.#parts.images) found.push({ seed, run, wrong });
    }
    return found;
  }

  async #pool(crops: 1 | 10, rank: Rank): Promise<number[][]> {
    const known = this.#pools.get(crops);
    if (known !== undefined) return known[rank];
    const pool: Record<Rank, number[][]> = { top1: [], top5: [] };
    for (const recipe of this.#parts.runs.keys()) {
      const evaluated = await this.#evaluated(recipe, crops);
      // Nets that guess all err alike: their spread says nothing of those that do not.
      const learned = evaluated.filter(({ wrong }) => !this.#guesses(errorOf(wrong.top1)));
      for (const one of ranks) pool[one].push(learned.map(({ wrong }) => errorOf(wrong[one])));
    }
    this.#pools.set(crops, pool);
    return pool[rank];
  }

  /** Whether a net with this top-1 error is right no oftener than by chance, as far as so many images can tell. */
  #guesses(top1Error: number): boolean {
    const { classes, images } = this.#parts;
    const chance = 1 - 1 / classes;
    return top1Error > chance - 2 * Math.sqrt((chance * (1 - chance)) / images);
  }

  /** Variant minus baseline, over the seeds that both have. */
  async #errors({ baseline, variant, crops }: ClaimDefinition): Promise<Measured> {
    const without = await this.#evaluated(baseline.id, crops);
    const pairs = (await this.#evaluated(variant.id, crops)).flatMap((one) => {
      const other = without.find(({ seed }) => seed === one.seed);
      return other === undefined ? [] : [{ variant: one.wrong, baseline: other.wrong }];
    });
    if (pairs.length === 0) return noValues;
    const of = async (rank: Rank): Promise<Estimate> => {
      const values = pairs.map((pair) => errorOf(pair.variant[rank]) - errorOf(pair.baseline[rank]));
      const pooled = pooledVariance(await this.#pool(crops, rank));
      // Two independent means, of as many seeds each.
      const seeds = pooled && { variance: (2 * pooled.variance) / pairs.length, degrees: pooled.degrees };
      return estimate(mean(values), values, seeds, shareOfImages(perImage(pairs, rank)));
    };
    return { ...noValues, top1: await of('top1'), top5: await of('top5'), done: pairs.length };
  }

  /** One crop minus ten, of the same runs: paired by run. */
  async #crops({ baseline }: ClaimDefinition): Promise<Measured> {
    const ten = await this.#evaluated(baseline.id, 10);
    const pairs = (await this.#evaluated(baseline.id, 1)).flatMap((one) => {
      const other = ten.find(({ seed }) => seed === one.seed);
      return other === undefined ? [] : [{ variant: one.wrong, baseline: other.wrong }];
    });
    if (pairs.length === 0) return noValues;
    const of = (rank: Rank): Estimate => {
      const values = pairs.map((pair) => errorOf(pair.variant[rank]) - errorOf(pair.baseline[rank]));
      const spread = pooledVariance([values]);
      const seeds = spread && { variance: spread.variance / pairs.length, degrees: spread.degrees };
      return estimate(mean(values), values, seeds, shareOfImages(perImage(pairs, rank)));
    };
    return { ...noValues, top1: of('top1'), top5: of('top5'), done: pairs.length };
  }

  /** One net, in the mean over the seeds, minus the average of all of them: one number, of these nets. */
  async #ensemble(definition: ClaimDefinition, sides: { baseline: LedgerSide }): Promise<Measured> {
    const { baseline, crops } = definition;
    const nets = await this.#evaluated(baseline.id, crops);
    if (nets.length < 2) return noValues;
    const { measurements } = this.#parts;
    const evaluation = measurements.average(
      nets.map(({ run }) => run),
      crops,
    );
    const average = evaluation === undefined ? null : await measurements.wrong(evaluation);
    if (average === null) return noValues;
    sides.baseline.title = `${nets.length} nets averaged`;
    sides.baseline.top1Error = errorOf(average.top1);
    sides.baseline.top5Error = errorOf(average.top5);
    const of = (rank: Rank): Estimate => {
      const values = nets.map(({ wrong }) => errorOf(wrong[rank]) - errorOf(average[rank]));
      const images = shareOfImages(
        perImage(
          nets.map(({ wrong }) => ({ variant: wrong, baseline: average })),
          rank,
        ),
      );
      return {
        ...estimate(mean(values), values, images, null),
        seedError: null,
        imageError: images && Math.sqrt(images.variance),
      };
    };
    return { ...noValues, top1: of('top1'), top5: of('top5'), done: nets.length };
  }

  /** Epochs to 25 % training error, variant over baseline: the interval is that of the logarithm. */
  #ratio({ baseline, variant }: ClaimDefinition): Measured {
    const { measurements } = this.#parts;
    const finished = (recipe: string) => this.#of(recipe).filter(({ run }) => run.state === 'finished');
    const logs = (recipe: string) =>
      new Map(
        finished(recipe).flatMap(({ seed, run }) => {
          const epochs = measurements.epochsToTarget(run);
          return epochs === null ? [] : [[seed, Math.log(epochs)] as const];
        }),
      );
    const slow = finished(variant.id);
    const quick = logs(baseline.id);
    const other = logs(variant.id);
    const done = slow.filter(({ seed }) => finished(baseline.id).some((one) => one.seed === seed)).length;
    const values = [...other].flatMap(([seed, log]) => {
      const base = quick.get(seed);
      return base === undefined ? [] : [log - base];
    });
    const late = slow.find(({ seed }) => !other.has(seed) && quick.has(seed));
    if (late !== undefined) {
      const epochs = late.run.step / Math.max(1, late.run.stepsPerEpoch);
      return { ...noValues, ratioAtLeast: epochs / Math.exp(mean([...quick.values()])), done };
    }
    if (values.length === 0) return { ...noValues, done };
    const pooled = pooledVariance([[...quick.values()], [...other.values()]]);
    const seeds = pooled && { variance: (2 * pooled.variance) / values.length, degrees: pooled.degrees };
    const log = estimate(mean(values), values, seeds, null);
    const ratio = {
      ...log,
      mean: Math.exp(log.mean),
      low: log.low === null ? null : Math.exp(log.low),
      high: log.high === null ? null : Math.exp(log.high),
      values: values.map(Math.exp),
    };
    return { ...noValues, ratio, done };
  }

  #progress({ baseline, variant }: ClaimDefinition): number {
    const recipes = [...new Set([baseline.id, variant.id])];
    const shares = recipes.flatMap((recipe) =>
      this.#of(recipe).map(({ run }) =>
        run.state === 'finished' ? 1 : run.step / Math.max(1, run.totalSteps),
      ),
    );
    return shares.reduce((sum, one) => sum + one, 0) / (recipes.length * this.#parts.seeds);
  }
}

type Measured = Pick<LedgerRow, 'top1' | 'top5' | 'ratio' | 'ratioAtLeast' | 'done'>;
const noValues: Measured = { top1: null, top5: null, ratio: null, ratioAtLeast: null, done: 0 };

/** Of every image: how much oftener the variant was wrong, in the mean over the pairs. */
function perImage(pairs: readonly { variant: Wrong; baseline: Wrong }[], rank: Rank): Float64Array {
  const differences = new Float64Array(pairs[0]?.variant[rank].length ?? 0);
  for (const { variant, baseline } of pairs) {
    for (let i = 0; i < differences.length; i++) {
      differences[i] =
        (differences[i] ?? 0) + ((variant[rank][i] ?? 0) - (baseline[rank][i] ?? 0)) / pairs.length;
    }
  }
  return differences;
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : mean(known);
}

const isBroken = ({ state }: LedgerRun): boolean => ended.has(state) && state !== 'finished';

function brokenWords(runs: readonly LedgerRun[]): string {
  return runs
    .map(
      ({ name, state, step, reason }) =>
        `${name}: ${state} after step ${step}${reason === '' ? '' : ` (${reason})`}.`,
    )
    .join(' ');
}
