// Reads what `ctest -V` prints about executables written with doctest.

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface ExecutableResult extends Counts {
  name: string;
  seconds: number;
  /** What the executable printed. */
  output: string[];
}

const resultLine = /^\s*\d+\/\d+ Test\s+#(\d+): (\S+) \.*\s*(\**[A-Za-z][^\d]*?)\s+([\d.]+) sec/;
const doctestLine =
  /\[doctest\] test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped/;

/** What a test case says (MESSAGE) that then returns, for want of data or of a device. */
export const skipLine = /MESSAGE: skipped: /;

/** One entry an executable. doctest counts a test case that returns early as passed, here it is skipped. One that crashed, hung or never started counts as a failure more. */
export function parseCtest(text: string): ExecutableResult[] {
  const outputs = new Map<string, string[]>();
  const results: ExecutableResult[] = [];
  for (const line of text.split('\n')) {
    const said = /^(\d+): (.*)$/.exec(line);
    if (said !== null) {
      const [, number = '', words = ''] = said;
      outputs.set(number, [...(outputs.get(number) ?? []), words]);
      continue;
    }
    const result = resultLine.exec(line);
    if (result === null) continue;
    const [, number = '', name = '', state = '', seconds = '0'] = result;
    const output = (outputs.get(number) ?? []).filter((words) => !words.startsWith('Test timeout computed'));
    const counts = doctestLine.exec(output.join('\n'));
    const [passed = 0, reported = 0, filtered = 0] = [1, 2, 3].map((index) => Number(counts?.[index] ?? 0));
    const returned = Math.min(passed, output.filter((words) => skipLine.test(words)).length);
    const sound = state === 'Passed' && counts !== null;
    const failed = sound ? reported : Math.max(reported, 1);
    if (!sound) output.push(`ctest: ${state.replaceAll('*', '')}`);
    const cases = { passed: passed - returned, failed, skipped: filtered + returned };
    results.push({ name, ...cases, seconds: Number(seconds), output });
  }
  return results;
}
