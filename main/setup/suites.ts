// Every check of the project, one after the other, whatever the earlier ones say:
//
//   node main/setup/suites.ts [lint] [cpp-format] [types] [screens] [page] [app] [imports] [native] [ts]
//
// The last line counts tests; each check without tests of its own counts as one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAllImports } from './check-imports.ts';
import type { Counts } from './ctest-output.ts';
import { execute } from './execute.ts';
import { runNativeTests, say } from './native-tests.ts';
import { formatSeconds } from './reporter.mjs';
import { listFiles, nativePattern } from './source-files.ts';

interface Suite {
  title: string;
  run(): Promise<Counts> | Counts;
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
async function check(program: string, args: string[]): Promise<Counts> {
  const { ok, output } = await execute(program, args);
  if (!ok) say(output.trimEnd());
  return ok ? passedOne : failedOne;
}

async function checkCppFormat(): Promise<Counts> {
  const version = await execute('clang-format', ['--version']);
  const major = Number(/version (\d+)/.exec(version.output)?.[1]);
  if (major !== clangFormatMajor) {
    say(
      `skipped: clang-format ${clangFormatMajor} is needed to compare with, this is: ${version.output.trim()}`,
    );
    return { passed: 0, failed: 0, skipped: 1 };
  }
  return check('clang-format', ['--dry-run', '-Werror', ...listFiles(nativePattern, 'native')]);
}

function checkImportRules(): Counts {
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
    run: () => check('biome', ['ci', '--error-on-warnings', '--max-diagnostics=200']),
  },
  'cpp-format': { title: 'Formatting of C++', run: checkCppFormat },
  types: { title: 'Types', run: () => check('tsc', ['--pretty', 'false']) },
  screens: {
    title: 'Types of the screens',
    run: () => check('vue-tsc', ['-p', 'renderer', '--pretty', 'false']),
  },
  page: { title: 'Build of the page', run: () => check('node', ['main/setup/build.ts', 'page']) },
  app: { title: 'Build of the application', run: () => check('node', ['main/setup/build.ts', 'app']) },
  imports: { title: 'Import rules', run: checkImportRules },
  native: { title: 'Native tests', run: () => runNativeTests('release') },
  ts: { title: 'TypeScript tests', run: runTypeScriptTests },
};

async function runSuite(suite: Suite): Promise<Counts> {
  try {
    return await suite.run();
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return failedOne;
  }
}

async function main(wanted: string[]): Promise<number> {
  const unknown = wanted.filter((name) => suites[name] === undefined);
  if (unknown.length > 0) {
    say(`Unknown suite "${unknown.join('", "')}": they are ${Object.keys(suites).join(', ')}.`);
    return 2;
  }
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const summary: string[] = [];
  for (const [name, suite] of Object.entries(suites)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    say(`\n== ${suite.title}`);
    const start = performance.now();
    const { passed, failed, skipped } = await runSuite(suite);
    const time = formatSeconds(performance.now() - start);
    summary.push(
      `${suite.title.padEnd(20)} ${failed === 0 ? 'ok    ' : 'FAILED'} ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed ${String(skipped).padStart(3)} skipped  ${time}`,
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
