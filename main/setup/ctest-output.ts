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

/** One entry an executable. One that crashed, hung or never started counts as a failure more. */
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
    const [passed, reported, skipped] = [1, 2, 3].map((index) => Number(counts?.[index] ?? 0));
    const sound = state === 'Passed' && counts !== null;
    const failed = sound ? (reported ?? 0) : Math.max(reported ?? 0, 1);
    if (!sound) output.push(`ctest: ${state.replaceAll('*', '')}`);
    results.push({
      name,
      passed: passed ?? 0,
      failed,
      skipped: skipped ?? 0,
      seconds: Number(seconds),
      output,
    });
  }
  return results;
}
