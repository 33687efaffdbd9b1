// One run as it is and as it becomes: its detail and thinned curve are read once, then every stored step comes over
// the stream, after a broken connection from the last one seen.
import { computed, onScopeDispose, type Ref, ref, shallowRef, triggerRef, watch } from 'vue';
import type { RunBatch, RunOverview } from '../../../../main/api/operations/runs.ts';
import type { Curve, CurvePoint, Metric, RunEvent, Validation } from '../../../../main/api/runs.ts';
import { useClient } from '../../client/client.ts';
import { useLoad } from '../../client/use-load.ts';
import { useStream } from '../../client/use-stream.ts';

const curvePoints = 1200;
/** More live steps than this are read back as a thinned curve. */
const mostLive = 4000;
const drawnEveryMs = 400;

/** A single step as a point of a curve. */
export function toPoint(metric: Metric): CurvePoint {
  const share = (ms: number) => (metric.elapsedMs > 0 ? ms / metric.elapsedMs : 0);
  return {
    firstStep: metric.step,
    lastStep: metric.step,
    loss: metric.loss,
    top1Error: metric.top1Error,
    top5Error: metric.top5Error,
    minLoss: metric.loss,
    maxLoss: metric.loss,
    learningRate: metric.learningRate,
    imagesPerSecond: metric.elapsedMs > 0 ? (metric.images * 1000) / metric.elapsedMs : 0,
    dataWaitShare: share(metric.dataWaitMs),
    exchangeShare: share(metric.exchangeMs),
  };
}

/** Validations by epoch: one that comes again replaces the one before. */
export function mergeValidations(known: readonly Validation[], fresh: readonly Validation[]): Validation[] {
  const byEpoch = new Map(known.map((one) => [one.epoch, one]));
  for (const one of fresh) byEpoch.set(one.epoch, one);
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch);
}

/** The validation with the lowest error, the first of equals. */
export function bestOf(validations: readonly Validation[]): Validation | null {
  return validations.reduce<Validation | null>(
    (best, one) => (best === null || one.top1Error < best.top1Error ? one : best),
    null,
  );
}

/** Events by id, in the order in which they happened. */
export function mergeEvents(known: readonly RunEvent[], fresh: readonly RunEvent[]): RunEvent[] {
  const byId = new Map(known.map((one) => [one.id, one]));
  for (const one of fresh) byId.set(one.id, one);
  return [...byId.values()].sort((a, b) => a.step - b.step || a.id - b.id);
}

export function useRun(id: () => string, range: Ref<readonly [number, number] | null>) {
  const client = useClient();
  const run = shallowRef<RunOverview>();
  const points = shallowRef<CurvePoint[]>([]);
  const validations = shallowRef<Validation[]>([]);
  const events = shallowRef<RunEvent[]>([]);
  const live = ref(0);
  const ended = ref(0);
  let lastStep = 0;
  let lastEvent = 0;

  const loaded = useLoad(
    async (signal) => {
      const [detail, curve] = await Promise.all([
        client.runs.show({ id: id() }, { signal }),
        client.runs.curve({ id: id(), points: curvePoints }, { signal }),
      ]);
      return { detail, curve };
    },
    { topics: ['runs'], id },
  );
  const zoomed = useLoad<Curve | null>(
    async (signal) => {
      const part = range.value;
      if (part === null) return null;
      const [from, to] = part;
      const steps = { fromStep: Math.max(0, Math.floor(from)), toStep: Math.max(0, Math.ceil(to)) };
      return await client.runs.curve({ id: id(), points: curvePoints, ...steps }, { signal });
    },
    { sources: [range], keep: true },
  );

  watch(loaded.data, (answer) => {
    if (answer === undefined) return;
    run.value = answer.detail;
    const newer = points.value.filter(
      ({ lastStep: step }) => step > (answer.curve.points.at(-1)?.lastStep ?? 0),
    );
    points.value = [...answer.curve.points, ...newer];
    live.value = newer.length;
    validations.value = mergeValidations(answer.curve.validations, []);
    events.value = mergeEvents(answer.detail.events, []);
    lastStep = points.value.at(-1)?.lastStep ?? 0;
    lastEvent = events.value.reduce((most, event) => Math.max(most, event.id), 0);
  });

  function take(batch: RunBatch): void {
    if (batch.gap !== null) {
      void loaded.reload();
      lastStep = Math.max(lastStep, batch.gap.toStep);
    }
    if (batch.run !== null && run.value !== undefined) {
      const wasTraining = run.value.state === 'running' || run.value.state === 'paused';
      const trains = batch.run.state === 'running' || batch.run.state === 'paused';
      run.value = { ...run.value, ...batch.run };
      // Whether it can be steered, its checkpoints and sizes are told by its detail.
      if (wasTraining !== trains) void loaded.reload();
    }
    // A resumed run makes its steps beyond the checkpoint again.
    const first = batch.metrics[0];
    if (first !== undefined) {
      if (first.step <= lastStep) points.value = points.value.filter((point) => point.lastStep < first.step);
      points.value.push(...batch.metrics.map(toPoint));
      triggerRef(points);
      live.value += batch.metrics.length;
      lastStep = batch.metrics.at(-1)?.step ?? lastStep;
      if (live.value > mostLive) void loaded.reload();
    }
    if (batch.validations.length > 0)
      validations.value = mergeValidations(validations.value, batch.validations);
    if (batch.events.length > 0) {
      events.value = mergeEvents(events.value, batch.events);
      lastEvent = Math.max(lastEvent, ...batch.events.map((event) => event.id));
      if (batch.events.some(({ kind }) => kind === 'checkpoint')) ended.value++;
    }
  }

  // Charts are drawn on the processor that may be training: twice a second is enough for people.
  let waiting: RunBatch[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const batches = waiting;
    waiting = [];
    for (const batch of batches) take(batch);
  }
  function receive(batch: RunBatch): void {
    waiting.push(batch);
    timer ??= setTimeout(flush, drawnEveryMs);
  }
  onScopeDispose(() => clearTimeout(timer));

  const ready = computed(() => run.value !== undefined);
  const training = computed(() => run.value?.state === 'running' || run.value?.state === 'paused');
  const streamError = useStream(
    (signal) => {
      // What was received but not drawn yet counts as seen.
      flush();
      return client.runs.watch({ id: id(), afterStep: lastStep, afterEvent: lastEvent }, { signal });
    },
    receive,
    {
      sources: [ready, training],
      enabled: () => ready.value && (training.value || run.value?.state === 'queued'),
    },
  );

  const shownPoints = computed(() => zoomed.data.value?.points ?? points.value);
  const best = computed(() => bestOf(validations.value));
  return {
    run,
    points: shownPoints,
    all: points,
    validations,
    events,
    best,
    training,
    /** Grows with each checkpoint. */
    checkpointsSeen: ended,
    error: loaded.error,
    streamError,
    reload: loaded.reload,
  };
}

export type WatchedRun = ReturnType<typeof useRun>;
