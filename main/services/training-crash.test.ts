// What training keeps when the engine, the application or both die: with real processes and real checkpoint
// files, so many checkpoints apart that those in between are removed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RunEvent, RunProgress } from '../api/runs.ts';
import { findCheckpoint, listCheckpoints, listRecords } from '../data/checkpoint-reader.ts';
import { runFile } from '../data/data-directory.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { listMetrics } from '../data/metrics.ts';
import { openCheckpointReader, openReadableDatabase } from '../data/open-database.ts';
import type { SpawnHost } from '../engine/client.ts';
import type { Studio } from './studio.ts';
import { fakeEnvironment, TestFolder } from './testing/test-studio.ts';

// Every test starts processes, which takes long where others compute on the same cores.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const steps = 60;
const settings = ['checkpoints.everySteps=2', 'checkpoints.keepLast=1'];

let folder: TestFolder;
beforeEach(async () => {
  folder = new TestFolder();
  await folder.open().datasets.add({ name: 'pets', ...folder.photos() }, () => {});
});
afterEach(() => folder.remove());

/**
 * Hosts whose parent hears nothing of training from the step after `heardSteps` on, as one that is stuck, and
 * that are killed when they have told `checkpoints` checkpoints.
 */
function deafParent(heardSteps: number, checkpoints: number) {
  return (spawnHost: SpawnHost): SpawnHost =>
    () => {
      const child = spawnHost();
      let deaf = false;
      let told = 0;
      return {
        ...child,
        onMessage: (listener) =>
          child.onMessage((message) => {
            if (message.type === 'training') deaf ||= message.events.some(({ step }) => step > heardSteps);
            if (message.type === 'checkpoint') told += 1;
            if (told === checkpoints) child.kill();
            if (!deaf) listener(message);
          }),
      };
    };
}

/** Trains with a rate that is steered before the first step; resolves with the run's id, however it ended. */
async function train(studio: Studio): Promise<string> {
  const training = studio.training.start({ dataset: 'pets', steps, batchSize: 16, settings }, () => {});
  const { id = '' } = studio.runs.list()[0] ?? {};
  studio.training.command(id, { command: 'setRate', value: 0.5 });
  await training.catch(() => {});
  return id;
}

function stored(studio: Studio, id: string) {
  const db = openReadableDatabase(studio.directory.databaseFile);
  try {
    return listMetrics(db, id).map(({ step, loss, learningRate }) => ({ step, loss, learningRate }));
  } finally {
    db.close();
  }
}

function commands(studio: Studio, id: string): RunEvent['payload'][] {
  return studio.runs
    .show(id)
    .events.filter(({ kind }) => kind === 'command')
    .map(({ payload }) => payload);
}

/** Reads the run's checkpoint file. */
function inFile<T>(studio: Studio, id: string, read: (db: ReadableDatabase) => T): T {
  const db = openCheckpointReader(runFile(studio.directory, id));
  try {
    return read(db);
  } finally {
    db.close();
  }
}

function weights(studio: Studio, id: string): unknown[] {
  const sql = 'SELECT name, sha256 FROM tensors WHERE checkpoint_id = ? ORDER BY name';
  return inFile(studio, id, (db) => db.all('hashes', sql, [findCheckpoint(db, 'last')?.id ?? 0]));
}

function checkpointSteps(studio: Studio, id: string): number[] {
  return inFile(studio, id, (db) => listCheckpoints(db).map(({ step }) => step));
}

it.each([0, 9])(
  'a parent that hears %i steps, and an engine that dies after many checkpoints',
  async (heard) => {
    const deaf = folder.open({}, deafParent(heard, 12));
    const id = await train(deaf);
    expect(deaf.runs.find(id).state).toBe('interrupted');
    expect(stored(deaf, id).length).toBeLessThanOrEqual(heard);
    const kept = checkpointSteps(deaf, id);
    expect(kept.at(-1)).toBeGreaterThanOrEqual(24);
    expect(kept.length).toBeLessThanOrEqual(3);

    const studio = folder.open();
    await studio.training.resume(id, () => {});
    const whole = await train(studio);
    expect(stored(studio, id).map(({ step }) => step)).toEqual(
      Array.from({ length: steps }, (_, i) => i + 1),
    );
    expect(stored(studio, id)).toEqual(stored(studio, whole));
    expect(commands(studio, id)).toMatchObject([{ command: 'setRate', value: 0.5, sequence: 1 }]);
    expect(weights(studio, id)).toEqual(weights(studio, whole));
    expect(weights(studio, id)).toHaveLength(8);

    // Where the parent listens, the file forgets what is stored, some checkpoints later.
    const recorded = inFile(studio, whole, (db) => listRecords(db).map(({ step }) => step));
    expect(recorded.at(-1)).toBe(steps);
    expect(recorded[0]).toBeGreaterThan(2);
  },
);

it('a parent that is held up, then killed: no step is missing, none is there twice', async () => {
  const home = folder.path('home');
  const script = fileURLToPath(new URL('testing/train-parent.ts', import.meta.url));
  const parent = spawn(process.execPath, [script, home, 'pets', 'steps=120', ...settings], {
    env: fakeEnvironment({ stepMs: 20 }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const closed = once(parent, 'close');
    const lines: string[] = [];
    for await (const line of createInterface({ input: parent.stdout })) {
      if (lines.push(line) === 2) break;
    }
    const [id = ''] = lines;
    parent.kill('SIGSTOP');
    const studio = folder.open();
    const from = checkpointSteps(studio, id).at(-1) ?? 0;
    while ((checkpointSteps(studio, id).at(-1) ?? 0) < from + 20) await sleep(20);
    parent.kill('SIGKILL');
    // The host holds the parent's error output: that it closes says that the host is gone, too.
    parent.stderr.resume();
    await closed;
    expect(stored(studio, id).length).toBeLessThan(from + 20);

    const resumed = folder.open();
    expect(resumed.runs.find(id).state).toBe('interrupted');
    await resumed.training.resume(id, () => {});
    expect(stored(resumed, id).map(({ step }) => step)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
  } finally {
    parent.kill('SIGKILL');
  }
});

it('what is steered at the very step of a resume is stored, told and shown', async () => {
  const broken = await train(folder.open({ crashAtStep: { step: 31, signal: 'SIGKILL' } }));
  const studio = folder.open();
  const told: RunProgress[] = [];
  let state = '';
  const resumed = studio.training.resume(broken, (event) => {
    told.push(event);
    if (event.event === 'command' && event.command === 'pause') {
      ({ state } = studio.runs.find(broken));
      studio.training.command(broken, { command: 'resume' });
    }
  });
  // Before the engine has loaded the checkpoint.
  studio.training.command(broken, { command: 'pause' });
  await resumed;
  const [begun] = told;
  const fromStep = begun?.event === 'run' ? begun.fromStep : 0;
  expect(fromStep).toBeGreaterThan(0);
  expect(told.filter(({ event }) => event === 'command')).toMatchObject([
    { command: 'pause', step: fromStep, sequence: 2 },
    { command: 'resume', step: fromStep, sequence: 3 },
  ]);
  expect(state).toBe('paused');
  expect(commands(studio, broken).map(({ command }) => command)).toEqual(['setRate', 'pause', 'resume']);
});
