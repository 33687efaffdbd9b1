// `npm run test:sanitize`: the native tests under GCC's sanitizers, in builds of their own.
import { existsSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import type { Counts } from './ctest-output.ts';
import { buildNative } from './native-build.mjs';
import { runNativeTests, say } from './native-tests.ts';
import { formatSeconds, Reporter, SetupError } from './reporter.mjs';
import { root } from './source-files.ts';
import { hasProgram } from './system-packages.mjs';

interface Job {
  /** Of the folder in native/build. */
  name: string;
  sanitizers: string;
  optimisation: string;
  env: Record<string, string>;
  wrapper: string[];
}

/** "suppressions=FILE" where the project keeps such a list (third-party libraries only). */
function suppressions(file: string): string {
  const path = join(root, 'native', 'tests', file);
  return existsSync(path) ? `:suppressions=${path}` : '';
}

function jobs(): Job[] {
  // GCC's thread sanitizer gives up where the kernel spreads addresses widely.
  const fixedAddresses = hasProgram('setarch') ? ['setarch', arch() === 'x64' ? 'x86_64' : arch(), '-R'] : [];
  return [
    {
      name: 'asan',
      sanitizers: 'address,undefined',
      // With all checks in them the vector kernels take GCC minutes a file to optimise, and seconds to leave alone.
      optimisation: '-O0',
      env: {
        ASAN_OPTIONS: 'detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1',
        LSAN_OPTIONS: `print_suppressions=0${suppressions('lsan.supp')}`,
        UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
      },
      wrapper: [],
    },
    {
      name: 'tsan',
      sanitizers: 'thread',
      optimisation: '-O1',
      // libgomp is not built for the sanitizer, which would take its barriers for races: one thread, no team.
      env: { TSAN_OPTIONS: `halt_on_error=1${suppressions('tsan.supp')}`, OMP_NUM_THREADS: '1' },
      wrapper: fixedAddresses,
    },
  ];
}

async function runJob(
  { name, sanitizers, optimisation, env, wrapper }: Job,
  reporter: Reporter,
): Promise<Counts> {
  const definitions = [
    '-DCMAKE_BUILD_TYPE=Debug',
    `-DCMAKE_CXX_FLAGS_DEBUG=${optimisation} -g -D_GLIBCXX_ASSERTIONS`,
    '-DALEXNET_BUILD_BENCH=OFF',
    `-DALEXNET_SANITIZE=${sanitizers}`,
  ];
  try {
    await buildNative(reporter, root, { name, definitions });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  // Everything takes up to twenty times as long.
  return runNativeTests(name, { env: { ...process.env, ...env }, wrapper, seconds: 3600 });
}

/** `only`: names of jobs; none means all. */
async function main(only: string[]): Promise<number> {
  const reporter = new Reporter(join(root, 'native', 'build', 'sanitize.log'));
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const job of jobs()) {
    if (only.length > 0 && !only.includes(job.name)) continue;
    say(`\n== Native tests under -fsanitize=${job.sanitizers}`);
    const start = performance.now();
    const { passed, failed, skipped } = await runJob(job, reporter);
    say(`${failed === 0 ? 'clean' : 'FAILED'} (${formatSeconds(performance.now() - start)})`);
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  say(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
