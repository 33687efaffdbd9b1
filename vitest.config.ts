// How the TypeScript tests run: beside the files they test, each file in a process of its own.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['main/**/*.test.ts', 'renderer/**/*.test.ts'],
    // better-sqlite3 and the engine's addon live in processes, not in worker threads.
    pool: 'forks',
    // Tests wait for processes, browsers and folders about as long as they compute: also on two cores, two at a time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Hundreds of times the command line and the engine's host are started from TypeScript. What one of them has
    // compiled is kept for the next ones, which begin in half the time.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'compiled') },
    // Tests that start the engine host or the command line as child processes take seconds on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // What is waited for comes when the other process has had its turn: the usual second is too short for that.
    expect: { poll: { timeout: 30_000 } },
  },
});
