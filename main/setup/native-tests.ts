// Runs the native test executables of one build folder and counts their test cases.
import { type Counts, parseCtest, skipLine } from './ctest-output.ts';
import { execute } from './execute.ts';

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * `name`: of the folder in native/build. `wrapper`: a program and arguments that the tests are started through.
 * `seconds`: that each may take.
 * Says a line for each executable, why tests were skipped, and all that a failed one printed.
 */
export async function runNativeTests(
  name: string,
  {
    env = process.env,
    wrapper = [],
    seconds = 900,
  }: { env?: NodeJS.ProcessEnv; wrapper?: string[]; seconds?: number } = {},
): Promise<Counts> {
  const timeout = ['--timeout', String(seconds)];
  const [program = 'ctest', ...args] = [
    ...wrapper,
    'ctest',
    '--test-dir',
    `native/build/${name}`,
    '-V',
    ...timeout,
  ];
  const { ok, output } = await execute(program, args, { env });
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const result of parseCtest(output)) {
    const { passed, failed, skipped, output: words } = result;
    say(
      `${result.name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${result.seconds.toFixed(1)} s)`,
    );
    const shown = failed > 0 ? words : words.filter((line) => skipLine.test(line));
    if (shown.length > 0) say(shown.join('\n'));
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  const nothingRan = total.passed + total.failed + total.skipped === 0;
  if (nothingRan || (!ok && total.failed === 0)) {
    say(output.trimEnd());
    total.failed += 1;
  }
  return total;
}
