// The GPU check's script (native/bench/gpu_check.py) with stand-ins for the programs that it runs: what it writes,
// prints and ends with. Needs python3; says so and skips where there is none.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { root } from './source-files.ts';

const script = join(root, 'native', 'bench', 'gpu_check.py');

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const python = hasPython();
if (!python) process.stdout.write('skipped: the GPU check: there is no python3 of version 3.9 or newer\n');

/** Whether a process works: one that has ended may be listed as long as nobody asks for its status. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** The names of the native test cases. */
function nativeTests(): string[] {
  const tests = join(root, 'native', 'tests');
  return (readdirSync(tests, { recursive: true }) as string[])
    .filter((file) => file.endsWith('_test.cc'))
    .flatMap((file) => [...readFileSync(join(tests, file), 'utf8').matchAll(/TEST_CASE\(\s*"([^"]*)"/g)])
    .map(([, name]) => name as string);
}

const doctest = (passed: number, failed: number) =>
  `[doctest] test cases: ${passed + failed} | ${passed} passed | ${failed} failed | 0 skipped`;
const engine = (layer: string, firstMs: number, fastestMs: number) =>
  `{"layer": "${layer}", "pass": "forward", "measured": 8, "first_ms": ${firstMs}, "fastest_ms": ${fastestMs}}`;
const measured = `"measured_engines": [${engine('conv1', 1.5, 0.5)}, ${engine('conv2', 1, 1)}]`;
const benchLine =
  '{"images_per_s": 50000.0, "ms_per_step": 20.48, "exchange_ms_per_step": 0.5, "graphs": 12, "graphs_refused": "", ' +
  '"layers": [{"name": "conv1", "forward_ms": 3, "backward_ms": 6}, {"name": "fc8", "forward_ms": 0.5, "backward_ms": 0.5}]}';
/** One line for each precision and batch that it is asked for. */
const peer = `import sys, json
words = sys.argv[2:]
def after(name):
    rest = words[words.index(name) + 1:]
    end = next((i for i, w in enumerate(rest) if w.startswith("--")), len(rest))
    return rest[:end]
for p in after("--precision"):
    for b in after("--batch"):
        print(json.dumps({"precision": p, "batch": int(b), "images_per_s": 25000.0}))
`;

describe.skipIf(!python)('the GPU check', () => {
  let folder: string;
  let results: string;

  const program = (name: string, body: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  const check = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      'python3',
      [script, '--programs', folder, '--results', results, '--peer', join(folder, 'peer.py'), ...args],
      { encoding: 'utf8', env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH ?? ''}` } },
    );
    return { status, output: stdout + stderr };
  };
  const written = () => JSON.parse(readFileSync(results, 'utf8'));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gpu-check-'));
    results = join(folder, 'results.json');
    program('nvidia-smi', 'echo "Stand-in GPU, 580.1, 9.0, 81559"');
    program('compute-sanitizer', `echo "${doctest(1, 0)}"`);
    for (const name of [
      'test_cuda_net',
      'test_cuda_device',
      'test_train',
      'test_cuda_kernels',
      'test_columns',
    ])
      program(name, `test "$ALEXNET_REQUIRE_GPU" = 1 && echo "${doctest(3, 0)}"`);
    program(
      'gpu_bench',
      `echo a warning; if test "$ALEXNET_CUDA_ENGINES" = measured; then echo '${benchLine.replace('{', `{${measured}, `)}'; ` +
        `else echo '${benchLine}'; fi`,
    );
    program('loader_bench', `echo '{"what": "loader threads", "threads": 8, "images_per_s": 90000}'`);
    program('cuda_kernels_bench', `echo '{"kernel": "copy", "gb_per_s": 3000}'`);
    writeFileSync(join(folder, 'peer.py'), peer);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('runs every stage, compares with the peer, and ends well where nothing is wrong', () => {
    const { status, output } = check();
    expect(output).toContain('Nothing is wrong.');
    expect(status).toBe(0);
    const { stages, wrong, gpus } = written();
    expect(wrong).toEqual([]);
    expect(gpus).toEqual([{ name: 'Stand-in GPU', driver: '580.1', capability: '9.0', memory_mib: 81559 }]);
    expect(Object.keys(stages)).toEqual([
      'nets',
      'columns',
      'kernels',
      'speed',
      'peer',
      'replicas',
      'training',
      'choices',
      'loader',
      'kernel-times',
      'sanitizer',
      'host',
    ]);
    expect(stages.nets.tests[0]).toMatchObject({ test: 'test_cuda_net', ok: true, passed: 3, failed: 0 });
    expect(stages.replicas.tests[0]).toMatchObject({ test: 'test_cuda_net', ok: true, passed: 3, failed: 0 });
    expect(stages.speed.runs).toHaveLength(9);
    expect(stages.speed.runs[0]).toMatchObject({ precision: 'bf16', batch: 1024, images_per_s: 50000 });
    expect(stages.peer.runs).toHaveLength(9);
    expect(output).toMatch(/bf16 +1024 +50000 +25000 +2\.00/);
    expect(output).toMatch(/conv1 +3\.00 ms forward +6\.00 ms backward +90%/);
    const byMeasurement = Object.entries(stages.choices.ways).filter(
      ([, way]) => (way as { measured_engines?: unknown }).measured_engines !== undefined,
    );
    expect(byMeasurement.map(([name]) => name)).toEqual([
      'engines by measurement, batch 1024',
      'engines by measurement, batch 128',
    ]);
    expect(output).toContain('2.50 ms with the first engines, 1.50 ms with the fastest');
    expect(output).toMatch(/conv1 +forward +1\.500 ms, fastest +0\.500 ms of 8/);
    expect(output).not.toMatch(/conv2 +forward/);
  });

  it('says what is wrong and fails: a test, a crash, no test at all, a graph that was refused', () => {
    program('test_cuda_net', `echo "${doctest(2, 1)}"; exit 1`);
    program('test_cuda_device', 'kill -SEGV $$');
    program('test_train', `echo "${doctest(0, 0)}"`);
    program(
      'gpu_bench',
      `echo '${benchLine.replace('"graphs_refused": ""', '"graphs_refused": "no graphs"')}'`,
    );
    program('compute-sanitizer', 'echo "Invalid write"; exit 9');
    const { status, output } = check();
    expect(status).toBe(1);
    const { wrong } = written();
    expect(wrong.slice(0, 6)).toEqual([
      'test_cuda_net failed',
      'test_cuda_net failed',
      'test_cuda_device failed',
      'test_cuda_net failed',
      'test_train failed',
      'no graphs',
    ]);
    expect(wrong.slice(6).every((line: string) => line.startsWith('compute-sanitizer on '))).toBe(true);
    for (const line of wrong) expect(output).toContain(line);
  });

  it('what tests are chosen by exists, for a choice of none would find nothing wrong', () => {
    for (const name of ['test_cuda_net', 'test_train'])
      program(name, `printf '%s\\n' "$@" >> chosen; echo "${doctest(3, 0)}"`);
    program('compute-sanitizer', `shift 3; printf '%s\\n' "$@" >> chosen; echo "${doctest(0, 0)}"`);
    const { output } = check('--only', 'nets,columns,replicas,training,sanitizer');
    expect(written().wrong.filter((line: string) => line.startsWith('compute-sanitizer on'))).toHaveLength(2);
    expect(output).toContain('WRONG:');
    const tests = nativeTests();
    const chosen = readFileSync(join(folder, 'chosen'), 'utf8').trim().split('\n');
    expect(chosen).toHaveLength(7);
    // doctest takes commas between patterns; a star stands for anything.
    const patterns = chosen.flatMap((option) => option.replace(/^-tce?=/, '').split(','));
    const matches = (pattern: string) => {
      const words = pattern.split('*').map((word) => word.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
      const whole = new RegExp(`^${words.join('.*')}$`, 'i');
      return tests.some((name) => whole.test(name));
    };
    expect(patterns.filter((pattern) => !matches(pattern))).toEqual([]);
  });

  it('a fault within a stage is told, and the stages after it are done', () => {
    program('loader_bench', `echo '{"what": "loader threads"}'`);
    expect(check('--only', 'loader,host').status).toBe(1);
    const { stages, wrong } = written();
    expect(wrong).toEqual(["loader cannot be done: KeyError('threads')"]);
    expect(stages.host.tests[0]).toMatchObject({ ok: true });
  });

  it('nothing that a program started goes on after it, nor after the check itself', async () => {
    const child = 'sleep 60 & echo $! > child; wait';
    program('gpu_bench', child);
    check('--only', 'speed', '--limit', '6');
    const alive = () => isAlive(Number(readFileSync(join(folder, 'child'), 'utf8')));
    expect(alive()).toBe(false);
    rmSync(join(folder, 'child'));
    const running = spawn(
      'python3',
      [script, '--programs', folder, '--results', results, '--only', 'speed'],
      {
        env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH ?? ''}` },
        stdio: 'ignore',
      },
    );
    const ended = new Promise((resolve) => running.on('exit', resolve));
    await expect.poll(() => existsSync(join(folder, 'child')), { timeout: 20_000 }).toBe(true);
    running.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(alive()).toBe(false);
  });

  it('only the GPUs that CUDA is given are counted', () => {
    program('nvidia-smi', 'echo "A GPU, 580.1, 9.0, 81559"; echo "Another GPU, 580.1, 12.1, [N/A]"');
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '1');
    check('--only', 'host');
    expect(written().gpus).toEqual([
      { name: 'Another GPU', driver: '580.1', capability: '12.1', memory_mib: null },
    ]);
    vi.unstubAllEnvs();
  });

  it('a benchmark without a result is wrong; a peer that is missing is only told', () => {
    program('gpu_bench', 'echo "out of memory"; exit 1');
    writeFileSync(join(folder, 'peer.py'), 'import sys; sys.exit("no PyTorch here")');
    const { status } = check('--only', 'speed,peer');
    expect(status).toBe(1);
    const { stages, wrong } = written();
    expect(wrong).toHaveLength(9);
    expect(wrong[0]).toBe('no measurement of engine bf16 batch 1024');
    expect(stages.speed.runs[0].error).toContain('out of memory');
    expect(stages.peer.wrong).toEqual([]);
    expect(stages.peer.note).toContain('no PyTorch here');
  });

  it('one stage alone is added to what was found before, and mends what was wrong', () => {
    program('test_cuda_net', 'exit 1');
    expect(check('--only', 'nets').status).toBe(1);
    expect(check('--only', 'loader').status).toBe(1);
    program('test_cuda_net', `echo "${doctest(3, 0)}"`);
    expect(check('--only', 'nets').status).toBe(0);
    expect(Object.keys(written().stages)).toEqual(['nets', 'loader']);
  });

  it('a program that hangs is stopped by the limit, and what came before it is kept', () => {
    program('gpu_bench', 'exec sleep 60');
    expect(check('--only', 'nets').status).toBe(0);
    const { status } = check('--only', 'speed,loader', '--limit', '6');
    expect(status).toBe(1);
    const { stages, wrong } = written();
    expect(stages.nets.tests[0].ok).toBe(true);
    expect(wrong).toContain('no measurement of engine bf16 batch 1024');
    expect(wrong).toContain('no time for engine bf16 batch 256');
    expect(wrong).toContain('no time was left for loader');
  });

  it('a stage that hangs takes no time from the others', () => {
    program('loader_bench', 'exec sleep 60');
    const { output } = check('--only', 'loader,host', '--limit', '14');
    expect(output).toContain('loader (at most 7 s)');
    expect(written().wrong).toEqual(['no measurement of the loader']);
    expect(written().stages.host.tests[0]).toMatchObject({ ok: true });
  });

  it('all stages together fit the usual limit, and each has time to begin', () => {
    // Those before it took no time: the last one may end when the whole check is to end.
    const limits = [...check().output.matchAll(/^\S+ \(at most (\d+) s\)$/gm)].map(([, seconds]) =>
      Number(seconds),
    );
    expect(limits).toHaveLength(12);
    expect(limits[0]).toBeLessThanOrEqual(120);
    expect(limits.at(-1)).toBeLessThanOrEqual(500);
    expect(limits.every((seconds, i) => i === 0 || seconds >= (limits[i - 1] ?? 0) + 4)).toBe(true);
  });

  it('without a GPU, without programs, or with a stage that does not exist it says so', () => {
    expect(check('--only', 'nonsense').output).toContain(
      'there is no stage nonsense; there are nets, columns, kernels',
    );
    rmSync(join(folder, 'gpu_bench'));
    expect(check().output).toContain('does not hold the programs to check');
    program('nvidia-smi', 'echo "No devices were found"; exit 6');
    const { status, output } = check();
    expect(status).toBe(1);
    expect(output).toContain('there is no GPU here: nvidia-smi says: No devices were found');
  });
});
