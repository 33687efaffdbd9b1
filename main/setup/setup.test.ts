import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCtest } from './ctest-output.ts';
import { checkFreeSpace } from './disk-space.mjs';
import { hintFor } from './hints.mjs';
import { versionAtLeast } from './native-build.mjs';
import { npmCommand, sameTree } from './node-modules.mjs';
import { formatSeconds, Reporter, SetupError } from './reporter.mjs';

describe('the tree of npm packages', () => {
  const locked = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/other-system': { version: '1.0.0', integrity: 'sha512-o', optional: true },
    },
  };
  const a = { version: '1.0.0', integrity: 'sha512-a' };

  it('is the locked one where all but optional packages are there', () => {
    expect(sameTree(locked, { packages: { 'node_modules/a': a } })).toBe(true);
  });

  it.each([
    ['missing', {}],
    ['of another version', { 'node_modules/a': { ...a, version: '1.0.1' } }],
    ['of another content', { 'node_modules/a': { ...a, integrity: 'sha512-b' } }],
    ['too many', { 'node_modules/a': a, 'node_modules/b': a }],
  ])('is another where a package is %s', (_how, packages) => {
    expect(sameTree(locked, { packages })).toBe(false);
  });

  it('is installed with the npm that was started, by the Node that it was started with', () => {
    const env = { npm_execpath: '/x/npm-cli.js', npm_node_execpath: '/x/node' };
    expect(npmCommand(env)).toEqual(['/x/node', '/x/npm-cli.js']);
    expect(npmCommand({})).toEqual(['npm']);
  });
});

it('versions compare by number, part by part', () => {
  expect(versionAtLeast('3.25.1', '3.25')).toBe(true);
  expect(versionAtLeast('3.25', '3.25.0')).toBe(true);
  expect(versionAtLeast('4.0', '3.25')).toBe(true);
  expect(versionAtLeast('3.9.6', '3.25')).toBe(false);
});

it('a full disk is told before the work begins', () => {
  checkFreeSpace(tmpdir(), 1, 'one byte');
  expect(() => checkFreeSpace(tmpdir(), 1e18, 'the moon')).toThrow(
    /the moon need 1000000000000 MB in .*, and \d+ MB are free/,
  );
});

it('times read in seconds, then in minutes', () => {
  expect(formatSeconds(1234)).toBe('1.2 s');
  expect(formatSeconds(125_000)).toBe('2 min 5 s');
});

describe('hints', () => {
  it.each([
    ['npm error code EAI_AGAIN', 'network'],
    ["W: Failed to fetch: Temporary failure resolving 'deb.debian.org'", 'network'],
    ['E: Unable to locate package libdnnl-dev', 'Debian 12'],
    ['fatal error: error writing to /tmp/x.s: No space left on device', 'disk is full'],
    ['npm error code EACCES', 'chown'],
    ['c++: fatal error: Killed signal terminated program cc1plus', 'Memory'],
  ])('for "%s" speak of %s', (output, word) => {
    expect(hintFor(output)).toContain(word);
  });

  it('say nothing of a plain compile error', () => {
    expect(hintFor("a.cc:1:1: error: 'x' was not declared in this scope")).toBeUndefined();
  });
});

describe('the reporter', () => {
  let folder = '';
  const said: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'alexnet-reporter-'));
    said.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function reporter() {
    const out = new PassThrough();
    out.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    return new Reporter(join(folder, 'deep', 'setup.log'), Object.assign(out, { isTTY: false }));
  }

  it('says a line a step, and none where there was nothing to do', async () => {
    const subject = reporter();
    expect(await subject.step('Doing it', () => Promise.resolve(3))).toBe(3);
    await subject.step(
      'Idle',
      () => Promise.resolve([]),
      () => false,
    );
    expect(said.join('')).toMatch(/^Doing it \(\d+\.\d s\)\n$/);
  });

  it('keeps the output of programs in the log, and returns its lines', async () => {
    const lines: string[] = [];
    const args = ['-c', 'echo one; echo two >&2; printf three'];
    const subject = reporter();
    const all = await subject.run('sh', args, { onLine: (line) => lines.push(line) });
    expect([...all].sort()).toEqual(['one', 'three', 'two']);
    expect(lines.sort()).toEqual(['one', 'two']);
    const log = readFileSync(subject.logFile, 'utf8');
    for (const part of ['$ sh -c', 'one\n', 'two\n', 'three']) expect(log).toContain(part);
  });

  it('shows the end of what a failed program said, where the log is, and a hint', async () => {
    const subject = reporter();
    const failing = subject.step('Failing', () =>
      subject.run('sh', ['-c', 'echo noise; echo "error: No space left on device"; exit 3'], {
        keepLine: (line) => line !== 'noise',
      }),
    );
    const error = await failing.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SetupError);
    const { message } = error as SetupError;
    expect(message).toMatch(/^error: No space left on device\n\nsh failed \(3\)\. The whole log: /);
    expect(message).toContain('The disk is full');
    expect(message).not.toContain('noise');
    expect(said.join('')).toContain('Failing: failed after');
  });
});

describe("ctest's output", () => {
  const text = `Test project /x/native/build/release
test 1
    Start 1: spec

1: Test command: /x/test_spec
1: Test timeout computed to be: 900
1: /x/a_test.cc:48: MESSAGE: skipped: there are no photos
1: [doctest] test cases: 28 | 28 passed | 0 failed | 1 skipped
1: [doctest] assertions: 120 | 120 passed | 0 failed |
1/4 Test #1: spec .............................   Passed    0.01 sec
test 2
2: a_test.cc:3: ERROR: CHECK( 1 == 2 ) is NOT correct!
2: [doctest] test cases:  5 |  3 passed | 2 failed | 0 skipped
2/4 Test #2: cpu ..............................***Failed    1.50 sec
test 3
3: half a line
3/4 Test #3: data .............................***Exception: SegFault  0.20 sec
4/4 Test #4: train ............................***Timeout 900.01 sec
`;

  it('counts test cases; an executable that broke down is a failure', () => {
    const results = parseCtest(text);
    expect(
      results.map(({ name, passed, failed, skipped, seconds }) => ({
        name,
        passed,
        failed,
        skipped,
        seconds,
      })),
    ).toEqual([
      { name: 'spec', passed: 27, failed: 0, skipped: 2, seconds: 0.01 },
      { name: 'cpu', passed: 3, failed: 2, skipped: 0, seconds: 1.5 },
      { name: 'data', passed: 0, failed: 1, skipped: 0, seconds: 0.2 },
      { name: 'train', passed: 0, failed: 1, skipped: 0, seconds: 900.01 },
    ]);
    expect(results[1]?.output).toContain('a_test.cc:3: ERROR: CHECK( 1 == 2 ) is NOT correct!');
    expect(results[2]?.output.at(-1)).toBe('ctest: Exception: SegFault');
  });

  it('takes an executable that passed without a count for a failure', () => {
    const [result] = parseCtest('1: nothing\n1/1 Test #1: odd ......   Passed    0.01 sec\n');
    expect(result).toMatchObject({ passed: 0, failed: 1 });
  });
});
