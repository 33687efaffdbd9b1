// The speed table of a machine: each row that its processor can measure, with the peer (PyTorch, PIL, torchvision)
// beside it where python3 has it. Every pair is alternated in one run, with the same number of threads, and the best
// of each counts. Prints a table and writes JSON.
//
//   npm run bench -- [--quick] [--rows step,photo,pack,loader] [--threads N] [--rounds N] [--out FILE]
//
// Without --out a full run is written to native/bench/results/<processor>.json, a quick one to native/build. With
// --rows the file's other rows are kept.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ours, type Program, Python, type Result, root, run } from './programs.ts';

/** A row of the table. Rows of one group share the peer's runs. */
interface Row {
  what: string;
  group: string;
  /** The result's field that counts. */
  field: string;
  unit: string;
  /** Whether less of it is better. */
  less: boolean;
  /** How many times as fast as the peer it is to be. */
  goal: number;
  ours: Program;
  peer: Program;
  /** Which of several results that the program prints. */
  pick?: (result: Result) => boolean;
}

interface Measured {
  what: string;
  date: string;
  /** Of the machine when the row's measurement began: above 0 other programs were running. */
  loadAverage: number;
  unit: string;
  goal: number;
  ours: number | null;
  peer: number | null;
  /** Times as fast as the peer. */
  ratio: number | null;
  /** Every run, in order. */
  runs: { ours: Result[]; peer: Result[] };
  notes: string[];
}

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    rounds: { type: 'string' },
    out: { type: 'string' },
  },
});
const { quick, threads } = options;
const rounds = Number(options.rounds ?? (quick ? 1 : 2));
const preset = join(root, 'resources/presets/paper-2012.json');

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function rows(python: Python, photos: string, few: string): Row[] {
  const steps = ['--batch', '128', '--threads', threads, '--warmup', '1', '--steps', quick ? '1' : '3'];
  const photoRounds = ['--threads', threads, '--rounds', quick ? '1' : '4'];
  const peerStep = python.script('peer_step.py', ['numpy'], 'step', preset, ...steps);
  const step = { group: 'step', field: 'images_per_s', unit: 'images/s', less: false, peer: peerStep };
  const loader = {
    group: 'loader',
    field: 'images_per_core_s',
    unit: 'images/s',
    less: false,
    ours: ours('loader_bench', quick ? '500' : '2000'),
    peer: python.script('peer_images.py', ['torchvision', 'PIL'], 'loader', quick ? '300' : '4000'),
  };
  return [
    {
      ...step,
      what: 'training step, CPU, fp32, paper-2012',
      goal: 3,
      ours: ours('step_bench', preset, ...steps),
    },
    {
      ...step,
      what: 'training step, CPU, bf16, paper-2012 (peer: fp32)',
      goal: 5,
      ours: ours('step_bench', preset, ...steps, '--precision', 'bf16'),
    },
    {
      what: 'one photo classified, decoding included',
      group: 'photo',
      field: 'ms_per_photo',
      unit: 'ms',
      less: true,
      goal: 2,
      ours: ours('photo_bench', preset, few, ...photoRounds),
      peer: python.script('peer_step.py', ['numpy', 'PIL'], 'photo', preset, few, ...photoRounds),
    },
    {
      what: 'packing 500x375 JPEGs, per core',
      group: 'pack',
      field: 'images_per_core_s',
      unit: 'images/s',
      less: false,
      goal: 2,
      ours: ours('pack_bench', photos),
      peer: python.script('peer_images.py', ['PIL', 'numpy'], 'pack', photos),
    },
    {
      ...loader,
      what: 'reading + augmenting packed records, per core',
      goal: 20,
      // The layout and type that the peer makes, too.
      pick: ({ layout, type }) => layout === undefined || (layout === 'nchw' && type === 'fp32'),
    },
    {
      ...loader,
      what: 'the same as bf16 nets read it: NHWC, bf16 (peer: fp32)',
      goal: 20,
      pick: ({ layout, type }) => layout === undefined || (layout === 'nhwc' && type === 'bf16'),
    },
  ];
}

/** Runs one program of a row and keeps what it measured, or the reason why it did not, once. */
function keep(row: Row, program: Program, into: Result[], notes: string[], name: string): void {
  const result = run(program, row.pick ?? (() => true));
  if (typeof result.missing !== 'string') into.push(result);
  else if (!notes.includes(`${name}: ${result.missing}`)) notes.push(`${name}: ${result.missing}`);
}

/** Measures the rows of one group: ours one after the other, then the peer, and all of that again. */
function measureGroup(group: readonly Row[]): Measured[] {
  const started = { date: new Date().toISOString(), loadAverage: Math.round((loadavg()[0] ?? 0) * 10) / 10 };
  const peerRuns: Result[] = [];
  const peerNotes: string[] = [];
  const found = group.map((row) => ({ row, runs: [] as Result[], notes: [] as string[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { row, runs, notes } of found) keep(row, row.ours, runs, notes, 'ours');
    const [first] = group;
    if (first) keep(first, first.peer, peerRuns, peerNotes, 'peer not here');
  }
  return found.map(({ row, runs, notes }) => {
    const mine = best(row, runs);
    const peer = best(row, peerRuns);
    const ratio = mine === null || peer === null ? null : row.less ? peer / mine : mine / peer;
    return {
      what: row.what,
      ...started,
      unit: row.unit,
      goal: row.goal,
      ours: mine,
      peer,
      ratio,
      runs: { ours: runs, peer: peerRuns },
      notes: [...notes, ...peerNotes],
    };
  });
}

function best(row: Row, runs: readonly Result[]): number | null {
  const numbers = runs.map((result) => Number(result[row.field])).filter(Number.isFinite);
  if (numbers.length === 0) return null;
  return row.less ? Math.min(...numbers) : Math.max(...numbers);
}

function shown(value: number | null): string {
  return value === null ? '-' : value.toFixed(value < 100 ? 1 : 0);
}

function line(row: Measured): string {
  const ratio = row.ratio === null ? '-' : `${row.ratio.toFixed(2)} x`;
  const verdict = row.ratio === null ? '' : row.ratio >= row.goal ? 'reached' : 'missed';
  const cells = [
    row.what.padEnd(50),
    `${shown(row.ours)} ${row.unit}`.padStart(15),
    row.peer === null ? 'not here'.padStart(15) : `${shown(row.peer)} ${row.unit}`.padStart(15),
    ratio.padStart(9),
    `${row.goal} x`.padStart(5),
    verdict,
  ];
  return [cells.join('  ').trimEnd(), ...row.notes.map((note) => `    ${note}`)].join('\n');
}

/** Photos for the benchmarks: cut from the shared photos where those lie beside the checkout, else drawn. */
function makePhotos(folder: string): { photos: string; few: string } {
  const photos = join(folder, 'photos');
  const few = join(folder, 'few');
  const shared = join(root, '../shared/data/photos10/val');
  run(ours('pack_bench', photos, ...(existsSync(shared) ? [shared] : [])), () => true);
  mkdirSync(few);
  if (existsSync(photos)) {
    const files = readdirSync(photos).sort();
    for (const file of files.slice(0, quick ? 10 : 40)) copyFileSync(join(photos, file), join(few, file));
  }
  return { photos, few };
}

function oneDnnVersion(): string {
  const header = '/usr/include/oneapi/dnnl/dnnl_version.h';
  if (!existsSync(header)) return 'unknown';
  const text = readFileSync(header, 'utf8');
  return ['MAJOR', 'MINOR', 'PATCH']
    .map((part) => new RegExp(`DNNL_VERSION_${part}\\s+(\\d+)`).exec(text)?.[1] ?? '?')
    .join('.');
}

function commit(): string {
  const { status, stdout } = spawnSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : 'unknown';
}

function chosenGroups(all: readonly Row[]): string[] {
  const groups = [...new Set(all.map((row) => row.group))];
  const wanted = options.rows?.split(',') ?? groups;
  const unknown = wanted.filter((group) => !groups.includes(group));
  if (unknown.length > 0)
    throw new Error(`there is no row ${unknown.join(', ')}; they are ${groups.join(', ')}`);
  return groups.filter((group) => wanted.includes(group));
}

/** The table in its order: the new rows, and where some were chosen the others as the file has them. */
function withKept(file: string, all: readonly Row[], measured: readonly Measured[]): Measured[] {
  const kept =
    options.rows !== undefined && existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as { rows: Measured[] }).rows
      : [];
  return all
    .map(({ what }) => [...measured, ...kept].find((row) => row.what === what))
    .filter((row) => row !== undefined);
}

function main(): void {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor';
  const load = loadavg()[0] ?? 0;
  say(`${cpu}, ${threads} threads, ${quick ? 'quick' : `best of ${rounds}`}`);
  if (load > 0.5) say(`Other programs are running (load ${load.toFixed(1)}): the times will be too long.`);
  const folder = mkdtempSync(join(tmpdir(), 'alexnet-bench-'));
  const python = new Python();
  const measured: Measured[] = [];
  let all: Row[];
  try {
    const { photos, few } = makePhotos(folder);
    all = rows(python, photos, few);
    for (const group of chosenGroups(all)) {
      for (const row of measureGroup(all.filter((other) => other.group === group))) {
        measured.push(row);
        process.stdout.write(`${line(row)}\n`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const slug = cpu
    .replaceAll(/\((r|tm)\)/gi, '')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .toLowerCase();
  const usual = quick ? 'native/build/bench-quick.json' : `native/bench/results/${slug}.json`;
  const out = options.out === undefined ? join(root, usual) : resolve(options.out);
  mkdirSync(dirname(out), { recursive: true });
  const content = {
    cpu,
    cores: availableParallelism(),
    threads: Number(threads),
    quick,
    commit: commit(),
    versions: { node: process.version, oneDNN: oneDnnVersion(), ...python.versions() },
    rows: withKept(out, all, measured),
  };
  writeFileSync(out, `${JSON.stringify(content, null, 2)}\n`);
  say(`written to ${relative(process.cwd(), out)}`);
  process.exitCode = measured.some((row) => row.ours !== null) ? 0 : 1;
}

main();
