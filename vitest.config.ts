// How the TypeScript tests run: beside the files they test, each file in a process of its own.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['main/**/*.test.ts', 'renderer/**/*.test.ts'],
    // better-sqlite3 and the engine's addon live in processes, not in worker threads.
    pool: 'forks',
    // Tests that start the engine host or the command line as child processes take seconds on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
});
