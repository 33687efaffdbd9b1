// Models of other programs, with the real engine: torchvision's alexnet and a two-column net as torch.save writes them
// answer as in PyTorch; what is exported is loaded by PyTorch, passes ONNX's checker and runs in ONNX Runtime with the
// same logits. Needs the engine and a python3 with torch, torchvision, onnx and PIL; says so and skips otherwise.
// ALEXNET_TEST_PHOTOS: so many photos instead of a few.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Model } from '../../api/models.ts';
import { topFive, worstError } from '../../services/testing/logits.ts';
import { runOnnx } from '../../services/testing/onnx-runtime.ts';
import { checkout, findPython, runPython } from '../../services/testing/python.ts';
import { writeTestPhotos } from '../../services/testing/test-photos.ts';
import { CommandLine, skipReason } from './testing/command-line.ts';

const modules = 'torch, torchvision, onnx, PIL';
const python = findPython(modules);
const reason = skipReason(python, modules);
const shared = join(checkout, '../shared');
const samples = join(shared, 'data/imagenet_samples');
const peer = join(shared, 'peer/alexnet_torch.py');
const photoCount = Number(process.env.ALEXNET_TEST_PHOTOS ?? 6);
const classes = 1000;
const timeoutMs = 900_000;

const cli = new CommandLine();
let pack: string;
let photos: string[];

/** Real photos where there are some, drawn pictures otherwise. */
function providePhotos(folder: string): void {
  if (!existsSync(samples)) {
    writeTestPhotos(folder, 2, Math.ceil(photoCount / 2), 'foreign');
    return;
  }
  const names = readdirSync(samples).filter((name) => name.endsWith('.JPEG'));
  for (const [i, name] of names.sort().slice(0, photoCount).entries()) {
    const place = join(folder, i < photoCount / 2 ? 'a' : 'b');
    mkdirSync(place, { recursive: true });
    copyFileSync(join(samples, name), join(place, name));
  }
}

/** The values of a model that is kept, without its header. */
function storedWeights(file: string): Buffer {
  const bytes = readFileSync(cli.path('home', file));
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
}

interface Saved {
  logits: number[][];
  resizedLogits: number[][];
  meanPixelDifference: number;
  largestPixelDifference: number;
}

afterAll(() => cli.remove());

describe.skipIf(reason !== '')(`models of other programs${reason}`, () => {
  beforeAll(() => {
    providePhotos(cli.path('photos'));
    const [added] = cli.run('dataset', 'add', '--name', 'photos', '--train', 'photos');
    pack = cli.path('home/datasets', String(added?.id), 'train.pack');
    const found = readdirSync(cli.path('photos'), { recursive: true, encoding: 'utf8' });
    photos = found
      .filter((name) => /\.(JPEG|png)$/.test(name))
      .sort()
      .map((name) => cli.path('photos', name));
  });

  function importedAndBack(
    what: string,
    name: string,
    options: string[],
  ): { model: Model; ours: number[][] } {
    const saved = runPython(
      python ?? '',
      'foreign.py',
      'save',
      what,
      pack,
      cli.root,
      ...photos,
    ) as unknown as Saved;
    const [zip] = cli.run('model', 'import', 'zip.pth', '--name', name, ...options) as unknown as [Model];
    const [legacy] = cli.run(
      'model',
      'import',
      'legacy.pth',
      '--name',
      `${name}-legacy`,
      ...options,
    ) as unknown as [Model];
    expect(legacy).toMatchObject({
      format: 'pytorch-legacy',
      preset: zip.preset,
      parameters: zip.parameters,
    });
    expect(storedWeights(legacy.file).equals(storedWeights(zip.file))).toBe(true);
    cli.run('model', 'remove', `${name}-legacy`);

    // The same pixels: what the pack holds is what classify sees.
    const ours = cli.logits(name, 'photos', classes);
    expect(ours).toHaveLength(photos.length);
    const error = worstError(ours, saved.logits);
    expect(error).toBeLessThan(1e-4);
    expect(ours.map(topFive)).toEqual(saved.logits.map(topFive));
    // Other pixels, by PIL's way to resize.
    const resized = worstError(saved.resizedLogits, saved.logits);
    const first = saved.resizedLogits.filter(
      (row, i) => topFive(row)[0] === topFive(saved.logits[i] ?? [])[0],
    );
    process.stdout.write(
      `${name}, ${photos.length} photos: logits within ${error.toExponential(1)} of PyTorch's on the same pixels; ` +
        `PIL's pixels differ by ${saved.meanPixelDifference.toFixed(2)} of 255 on average (at most ` +
        `${saved.largestPixelDifference}), its logits by up to ${resized.toExponential(1)}, ` +
        `the first answer is the same for ${first.length}\n`,
    );

    cli.run('model', 'export', name, '--format', 'pytorch', '--out', 'back.pth');
    expect(runPython(python ?? '', 'foreign.py', 'load', what, cli.path('back.pth'), cli.root)).toEqual({
      same: true,
    });

    return { model: zip, ours };
  }

  async function throughOnnx(
    name: string,
    { model, ours }: { model: Model; ours: number[][] },
  ): Promise<void> {
    cli.run('model', 'export', name, '--format', 'onnx', '--out', 'net.onnx');
    const [checked] = runPython(python ?? '', 'check_onnx.py', cli.path('net.onnx')) as object[];
    expect(checked).toMatchObject({ opset: 13, outputs: ['logits', 'probabilities'] });
    const { logits, sums } = await runOnnx(cli.path('net.onnx'), pack, model.preprocessing);
    const runtimeError = worstError(ours, logits);
    process.stdout.write(`${name} in ONNX Runtime: logits within ${runtimeError.toExponential(1)}\n`);
    expect(runtimeError).toBeLessThan(1e-4);
    for (const sum of sums) expect(sum).toBeCloseTo(1, 4);
    const [again] = cli.run('model', 'import', 'net.onnx', '--name', `${name}-again`) as unknown as [Model];
    expect(again).toMatchObject({
      format: 'onnx',
      net: model.net,
      preprocessing: model.preprocessing,
      labels: model.labels,
    });
    expect(storedWeights(again.file).equals(storedWeights(model.file))).toBe(true);
    for (const one of [name, `${name}-again`]) cli.run('model', 'remove', one);
  }

  it(
    "torchvision's alexnet is recognised with its preprocessing, and goes back to PyTorch unchanged",
    () => {
      const { model } = importedAndBack('torchvision', 'torchvision', []);
      expect(model).toMatchObject({ preset: 'owt-2014', parameters: 61_100_840, format: 'pytorch' });
      expect(model.source).toMatchObject({
        kind: "torchvision's alexnet",
        claim: { top1Error: 0.4348, top5Error: 0.2093 },
      });
      expect(model.preprocessing.gain[0]).toBeCloseTo(1 / (255 * 0.229), 9);
    },
    timeoutMs,
  );

  it.skipIf(!existsSync(peer))(
    `the two columns of the paper in PyTorch are, and go through ONNX unchanged${existsSync(peer) ? '' : ` (skipped: there is no ${peer})`}`,
    async () => {
      const scaling = [
        '--mean',
        '0.485,0.456,0.406',
        '--std',
        '0.229,0.224,0.225',
        '--scale',
        String(1 / 255),
      ];
      const imported = importedAndBack(peer, 'peer', scaling);
      expect(imported.model).toMatchObject({ parameters: 60_965_224, net: { columns: 2 } });
      await throughOnnx('peer', imported);
    },
    timeoutMs,
  );
});
