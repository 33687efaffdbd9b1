// Every check of the project, whatever the earlier ones say. Those that need one core each run beside each other, the
// tests after them, one suite after the other:
//
//   node main/setup/suites.ts [lint] [cpp-format] [types] [screens] [page] [app] [imports] [native] [ts]
//
// The last line counts tests; each check without tests of its own counts as one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAllImports } from './check-imports.ts';
import type { Counts } from './ctest-output.ts';
import { execute } from './execute.ts';
import { runNativeTests, say } from './native-tests.ts';
import { formatSeconds } from './reporter.mjs';
import { listFiles, nativePattern } from './source-files.ts';

type Say = (text: string) => void;

interface Suite {
  title: string;
  /** Runs beside others, after the one of this name that it stands on, if any. */
  beside?: boolean;
  after?: string;
  run(say: Say): Promise<Counts> | Counts;
}

interface Result extends Counts {
  title: string;
  elapsedMs: number;
}

/** What is read of vitest's JSON report. A skipped test's name gives the reason. */
interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { assertionResults: { fullName: string; status: string }[] }[];
}

/** .clang-format is read a little differently by each major version; this is Debian 12's. */
const clangFormatMajor = 14;

const passedOne: Counts = { passed: 1, failed: 0, skipped: 0 };
const failedOne: Counts = { passed: 0, failed: 1, skipped: 0 };

/** A program that says nothing worth reading unless it fails. */
async function check(say: Say, program: string, args: string[]): Promise<Counts> {
  const { ok, output } = await execute(program, args);
  if (!ok) say(output.trimEnd());
  return ok ? passedOne : failedOne;
}

async function checkCppFormat(say: Say): Promise<Counts> {
  const version = await execute('clang-format', ['--version']);
  const major = Number(/version (\d+)/.exec(version.output)?.[1]);
  if (major !== clangFormatMajor) {
    say(
      `skipped: clang-format ${clangFormatMajor} is needed to compare with, this is: ${version.output.trim()}`,
    );
    return { passed: 0, failed: 0, skipped: 1 };
  }
  return check(say, 'clang-format', ['--dry-run', '-Werror', ...listFiles(nativePattern, 'native')]);
}

function checkImportRules(say: Say): Counts {
  const { files, violations } = checkAllImports();
  for (const { path, line, message } of violations) say(`${path}:${line}: ${message}`);
  say(`${files} files, ${violations.length} violations`);
  return violations.length === 0 ? passedOne : failedOne;
}

async function runTypeScriptTests(): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'alexnet-studio-tests-'));
  try {
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { ok } = await execute('vitest', ['run', ...reporters], { show: true });
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as VitestReport;
    const left = testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status !== 'passed' && status !== 'failed');
    for (const { fullName } of left) say(`skipped: ${fullName}`);
    // A file that does not load fails without a test of its own.
    const failed = ok ? numFailedTests : Math.max(numFailedTests, 1);
    return { passed: numPassedTests, failed, skipped: left.length };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const suites: Record<string, Suite> = {
  lint: {
    title: 'Formatting and lint',
    beside: true,
    run: (say) => check(say, 'biome', ['ci', '--error-on-warnings', '--max-diagnostics=200']),
  },
  'cpp-format': { title: 'Formatting of C++', beside: true, run: checkCppFormat },
  types: { title: 'Types', beside: true, run: (say) => check(say, 'tsc', ['--pretty', 'false']) },
  screens: {
    title: 'Types of the screens',
    beside: true,
    run: (say) => check(say, 'vue-tsc', ['-p', 'renderer', '--pretty', 'false']),
  },
  page: {
    title: 'Build of the page',
    beside: true,
    run: (say) => check(say, 'node', ['main/setup/build.ts', 'page']),
  },
  app: {
    title: 'Build of the application',
    beside: true,
    after: 'page',
    run: (say) => check(say, 'node', ['main/setup/build.ts', 'app']),
  },
  imports: { title: 'Import rules', beside: true, run: checkImportRules },
  native: { title: 'Native tests', run: () => runNativeTests('release') },
  ts: { title: 'TypeScript tests', run: runTypeScriptTests },
};

/** Its result, and what it said after its title: as it comes, or all of it at its end where others run beside it. */
async function runSuite({ title, beside = false, run }: Suite): Promise<Result> {
  const lines = [`\n== ${title}`];
  const tell: Say = beside ? (text) => lines.push(text) : say;
  if (!beside) say(lines.join('\n'));
  const start = performance.now();
  let counts = failedOne;
  try {
    counts = await run(tell);
  } catch (error) {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  if (beside) say(lines.join('\n'));
  return { title, ...counts, elapsedMs: performance.now() - start };
}

/** The results in the order of the suites: first those that run beside each other, one on each core. */
async function runSuites(chosen: [string, Suite][]): Promise<Result[]> {
  const results = new Map<string, Promise<Result>>();
  const waiting = chosen.filter(([, { beside }]) => beside);
  const runNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, suite] = next;
      // It was taken before this one.
      const result = Promise.resolve(results.get(suite.after ?? '')).then(() => runSuite(suite));
      results.set(name, result);
      await result;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runNext));
  for (const [name, suite] of chosen)
    if (!suite.beside) results.set(name, Promise.resolve(await runSuite(suite)));
  return (await Promise.all(chosen.map(([name]) => results.get(name)))).filter(
    (result) => result !== undefined,
  );
}

async function main(wanted: string[]): Promise<number> {
  const unknown = wanted.filter((name) => suites[name] === undefined);
  if (unknown.length > 0) {
    say(`Unknown suite "${unknown.join('", "')}": they are ${Object.keys(suites).join(', ')}.`);
    return 2;
  }
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const summary: string[] = [];
  const chosen = Object.entries(suites).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  for (const { title, passed, failed, skipped, elapsedMs } of await runSuites(chosen)) {
    summary.push(
      `${title.padEnd(20)} ${failed === 0 ? 'ok    ' : 'FAILED'} ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed ${String(skipped).padStart(3)} skipped  ${formatSeconds(elapsedMs)}`,
    );
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  say(`\n${summary.join('\n')}\n`);
  say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
