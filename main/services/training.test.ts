import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../api/errors.ts';
import type { RunProgress } from '../api/runs.ts';
import { openDatabase } from '../data/open-database.ts';
import type { FakeOptions } from '../engine/fake-addon.ts';
import type { Studio } from './studio.ts';
import { TestFolder } from './testing/test-studio.ts';

// Every test starts processes, which takes long where others compute on the same cores.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let folder: TestFolder;
beforeEach(async () => {
  folder = new TestFolder();
  const studio = folder.open();
  await studio.datasets.add({ name: 'pets', ...folder.photos() }, () => {});
});
afterEach(() => folder.remove());

interface Trained {
  events: RunProgress[];
  error: unknown;
  id: string;
}

async function train(
  studio: Studio,
  steps: number,
  more: object = {},
  onStep = (_: number) => {},
): Promise<Trained> {
  const controller = new AbortController();
  const trained: Trained = { events: [], error: undefined, id: '' };
  const listen = (event: RunProgress) => {
    trained.events.push(event);
    if (event.event === 'run') trained.id = event.id;
    if (event.event === 'step') onStep(event.step);
  };
  try {
    await studio.training.start(
      { dataset: 'pets', steps, batchSize: 16, ...more },
      listen,
      controller.signal,
    );
  } catch (error) {
    trained.error = error;
  }
  return trained;
}

function codeOf(error: unknown): string {
  return error instanceof AppError ? error.code : String(error);
}

/** What the tensors of a run's newest checkpoint hash to, by exporting them. */
async function weights(studio: Studio, id: string): Promise<Buffer> {
  const out = folder.path(`${id}.safetensors`);
  await studio.models.exportFile({ model: `${id}@last`, format: 'safetensors', out });
  const file = readFileSync(out);
  return file.subarray(8 + Number(file.readBigUInt64LE(0)));
}

describe('training', () => {
  it('tells what it has stored, in order, and keeps how it ended', async () => {
    const studio = folder.open();
    let seen = 0;
    const { events, id } = await train(studio, 10, { name: 'first' }, (step) => {
      // Store first, then tell.
      const run = studio.runs.list()[0];
      expect(run?.step).toBeGreaterThanOrEqual(step);
      seen = step;
    });
    expect(seen).toBe(10);
    expect(events[0]).toMatchObject({
      event: 'run',
      name: 'first',
      dataset: 'pets',
      totalSteps: 10,
      fromStep: 0,
    });
    expect(events.filter((e) => e.event === 'step').map((e) => e.step)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect(events.filter((e) => e.event === 'checkpoint').map((e) => e.step)).toEqual([4, 8, 10]);
    expect(events.at(-1)).toMatchObject({ event: 'done', state: 'finished', step: 10 });
    const shown = studio.runs.show(id);
    expect(shown).toMatchObject({ state: 'finished', step: 10, totalSteps: 10, preset: 'alexnet' });
    expect(shown.config.optimiser.batchSize).toBe(16);
    expect(shown.labels).toEqual(['a', 'b', 'c']);
    expect(shown.checkpoints.length).toBeGreaterThan(1);
    expect(shown.events.map((e) => e.kind)).toEqual([
      'started',
      'checkpoint',
      'checkpoint',
      'checkpoint',
      'ended',
    ]);
    await expect(studio.training.resume(id, () => {})).rejects.toThrow('has finished');
  });

  it('loses nothing while another process holds the database, and holds nobody up', async () => {
    const studio = folder.open({ stepMs: 2 });
    const other = openDatabase(folder.path('home', 'studio.sqlite'));
    let turns = 0;
    let heldMs = 0;
    const { events, id, error } = await train(studio, 120, {}, (step) => {
      if (step !== 5) return;
      other.exec('begin', 'BEGIN IMMEDIATE');
      const begun = performance.now();
      const turn = () => {
        turns++;
        heldMs = performance.now() - begun;
        // On a busy machine the turns take longer.
        if (heldMs < 700 || turns <= 20) setTimeout(turn, 1);
        else other.exec('rollback', 'ROLLBACK');
      };
      turn();
    });
    other.close();
    expect(error).toBeUndefined();
    // Had statements waited for the lock, each turn would have taken as long as they.
    expect(heldMs).toBeLessThan(4000);
    const steps = events.filter((e) => e.event === 'step').map((e) => e.step);
    expect(steps).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    expect(studio.runs.show(id)).toMatchObject({ state: 'finished', step: 120 });
    const told = events.map((e) => e.event);
    expect(told.indexOf('done')).toBe(told.length - 1);
  });

  it('stops with a checkpoint when it is told to, and resumes to the same weights', async () => {
    const whole = await train(folder.open(), 60);
    const studio = folder.open({ stepMs: 25 });
    const controller = new AbortController();
    const stopped = await studio.training.start(
      { dataset: 'pets', steps: 60, batchSize: 16 },
      (event) => {
        if (event.event === 'step' && event.step >= 3) controller.abort();
      },
      controller.signal,
    );
    expect(stopped.state).toBe('stopped');
    expect(stopped.step).toBeLessThan(60);
    const resumed: RunProgress[] = [];
    const run = await studio.training.resume(stopped.name, (event) => resumed.push(event));
    expect(run.id).toBe(stopped.id);
    expect(resumed[0]).toMatchObject({ event: 'run', fromStep: stopped.step });
    expect(resumed.filter((e) => e.event === 'step').map((e) => e.step)[0]).toBe(stopped.step + 1);
    expect(await weights(studio, run.id)).toEqual(await weights(studio, whole.id));
  });

  it.each(['SIGKILL', 'SIGSEGV'] as const)(
    'is interrupted where the engine dies of %s, and resumes to the same weights',
    async (signal) => {
      const dying: Partial<FakeOptions> = { crashAtStep: { step: 7, signal } };
      const broken = await train(folder.open(dying), 12);
      expect(codeOf(broken.error)).toBe('ENGINE_DIED');
      const studio = folder.open();
      const run = studio.runs.find(broken.id);
      expect(run).toMatchObject({ state: 'interrupted' });
      expect(run.reason).toContain(signal);
      expect(broken.events.at(-1)).toMatchObject({ event: 'done', state: 'interrupted' });
      const again = await studio.training.resume(broken.id, () => {});
      expect(again).toMatchObject({ state: 'finished', step: 12 });
      const whole = await train(studio, 12);
      expect(await weights(studio, again.id)).toEqual(await weights(studio, whole.id));
    },
  );

  it('keeps the last good checkpoint where the loss is not finite, and says so', async () => {
    const diverged = await train(folder.open({ divergeAtStep: 6 }), 12);
    expect(codeOf(diverged.error)).toBe('DIVERGED');
    const studio = folder.open();
    const run = studio.runs.show(diverged.id);
    expect(run.state).toBe('diverged');
    expect(run.reason).toContain('not finite');
    expect(run.loss).toBeNull();
    expect(run.checkpoints.map((checkpoint) => checkpoint.step)).toEqual([4]);
    expect(diverged.events.at(-1)).toMatchObject({ event: 'done', state: 'diverged' });
  });

  it('fails with what the engine says', async () => {
    const failing = {
      failAtStep: { step: 2, code: 'CORRUPT_PACK', message: 'record 5 is damaged' },
    } as const;
    const failed = await train(folder.open(failing), 12);
    expect(codeOf(failed.error)).toBe('CORRUPT_PACK');
    expect(folder.open().runs.find(failed.id)).toMatchObject({
      state: 'failed',
      reason: 'record 5 is damaged',
    });
  });

  it('is steered, logs it with its step, and applies it again after a resume', async () => {
    const studio = folder.open({ stepMs: 10 });
    const steered: Trained = { events: [], error: undefined, id: '' };
    const run = await studio.training.start({ dataset: 'pets', steps: 20, batchSize: 16 }, (event) => {
      steered.events.push(event);
      if (event.event === 'run') studio.training.command(event.id, { command: 'setRate', value: 0.5 });
    });
    const command = steered.events.find((event) => event.event === 'command');
    expect(command).toMatchObject({ command: 'setRate', value: 0.5, steered: true });
    const logged = studio.runs.show(run.id).events.filter((event) => event.kind === 'command');
    expect(logged).toHaveLength(1);
    expect(logged[0]?.payload).toMatchObject({ command: 'setRate', value: 0.5 });
    expect(() => studio.training.command(run.id, { command: 'pause' })).toThrow('not being trained here');
  });

  it('refuses before there is a run', async () => {
    const studio = folder.open();
    const refused = async (more: object) => codeOf((await train(studio, 1, more)).error);
    expect(await refused({ dataset: 'gone' })).toBe('NOT_FOUND');
    expect(await refused({ preset: 'alexnett' })).toBe('INVALID_CONFIG');
    expect(await refused({ batchSize: 0 })).toBe('INVALID_CONFIG');
    expect(await refused({ settings: ['net.activation=step'] })).toBe('INVALID_CONFIG');
    expect(await refused({ devices: ['cuda:0'] })).toBe('DEVICE_UNAVAILABLE');
    expect(await refused({ precision: 'tf32' })).toBe('INVALID_CONFIG');
    expect(await refused({ init: 'gone' })).toBe('NOT_FOUND');
    expect(await refused({ name: 'a@b' })).toBe('INVALID_NAME');
    expect(studio.runs.list()).toEqual([]);
  });
});

describe('starting from a model', () => {
  it('takes its weights and its way to see pixels; the classifier is new for other classes', async () => {
    const studio = folder.open();
    const first = await train(studio, 5, { name: 'first' });
    const second = await train(studio, 5, { name: 'second', init: 'first@last', freeze: ['conv1'] });
    expect(studio.runs.find('second').init).toBe('first@last');
    expect(await weights(studio, second.id)).not.toEqual(await weights(studio, first.id));
    const { config, preprocessing } = studio.runs.show(second.id);
    expect(config.optimiser.actions[0]).toEqual({ epoch: 1, kind: 'freeze', layer: 'conv1' });
    const own = studio.runs.show(first.id);
    expect({ ...preprocessing, meanImageFile: '' }).toEqual({ ...own.preprocessing, meanImageFile: '' });
    const mean = (file: string | undefined) => readFileSync(folder.path('home', file ?? ''));
    expect(mean(preprocessing.meanImageFile)).toEqual(mean(own.preprocessing.meanImageFile));
    folder.touch('two/a/1.jpg', 'two/b/1.jpg');
    await studio.datasets.add({ name: 'two', train: folder.path('two') }, () => {});
    const third = await train(studio, 5, { dataset: 'two', init: 'first', name: 'third' });
    expect(third.error).toBeUndefined();
    expect(studio.runs.show(third.id).config.net).toEqual({ ...own.config.net, classes: 2 });
    const refused = await train(studio, 5, { dataset: 'two', init: 'first', freeze: ['fc9'] });
    expect(codeOf(refused.error)).toBe('INVALID_CONFIG');
    expect(studio.runs.list()).toHaveLength(3);
  });
});

describe('starting from a run whose name is given again', () => {
  it('means that run, by the new one of its name and by those made before', async () => {
    const studio = folder.open();
    const first = await train(studio, 5, { name: 'net' });
    const waiting = studio.training.create({
      dataset: 'pets',
      config: studio.runs.show(first.id).config,
      init: 'net@last',
      name: 'waiting',
    });
    const second = await train(studio, 5, {
      name: 'net',
      init: 'net',
      settings: ['optimiser.learningRate=0.5'],
    });
    expect(second.error).toBeUndefined();
    expect(studio.runs.find('net')).toMatchObject({ id: second.id, init: 'net' });
    expect((await studio.reports.make(second.id, { photos: false })).text).toContain('run net on pets');
    const run = await studio.training.train(waiting.id, () => {});
    expect(run.init).toBe('net@last');
    const direct = await train(studio, 5, { init: `${first.id}@last`, name: 'direct' });
    expect(await weights(studio, run.id)).toEqual(await weights(studio, direct.id));
  });
});

describe('runs', () => {
  it('are found by id, beginning of an id and name, compared, deleted with their files', async () => {
    const studio = folder.open();
    const { id: first } = await train(studio, 3, { name: 'one' });
    const { id: second } = await train(studio, 3, { name: 'two', settings: ['net.layers.conv1.width=64'] });
    expect(studio.runs.find(first.slice(0, 6)).id).toBe(first);
    expect(studio.runs.find('two').id).toBe(second);
    expect(() => studio.runs.find('')).toThrow('no run');
    expect(() => studio.runs.find('zzz')).toThrow('there is no run zzz; runs list shows what there is');
    expect(() => studio.runs.find('ones')).toThrow('there is no run ones; did you mean one?');
    expect(() => studio.runs.find('one@best')).toThrow('did you mean one?');
    const { differences } = studio.runs.compare(['one', 'two']);
    expect(differences).toEqual([{ field: 'net.layers.conv1.width', values: [96, 64] }]);
    studio.runs.delete('one');
    expect(studio.runs.list().map((run) => run.id)).toEqual([second]);
    expect(existsSync(folder.path(`home/runs/${first}.sqlite`))).toBe(false);
    expect(existsSync(folder.path(`home/runs/${first}.mean`))).toBe(false);
    expect(existsSync(folder.path(`home/runs/${second}.mean`))).toBe(true);
  });
});
