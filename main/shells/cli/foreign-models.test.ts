// Models of other programs, with the real engine: torchvision's alexnet and a two-column net as torch.save writes them
// answer as in PyTorch; what is exported is loaded by PyTorch, passes ONNX's checker and runs in ONNX Runtime with the
// same logits. Needs the engine and a python3 with torch, torchvision, onnx and PIL; says so and skips otherwise.
// ALEXNET_TEST_PHOTOS: so many photos instead of a few, and the two-column net in its full width.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Model } from '../../api/models.ts';
import { topFive, worstError } from '../../services/testing/logits.ts';
import { runOnnx } from '../../services/testing/onnx-runtime.ts';
import { checkout, findPython, PythonConversation } from '../../services/testing/python.ts';
import { writeTestPhotos } from '../../services/testing/test-photos.ts';
import { CommandLine, skipReason } from './testing/command-line.ts';

const modules = 'torch, torchvision, onnx, PIL';
const python = findPython(modules);
const reason = skipReason(python, modules);
const shared = join(checkout, '../shared');
const samples = join(shared, 'data/imagenet_samples');
const peer = join(shared, 'peer/alexnet_torch.py');
const photoCount = Number(process.env.ALEXNET_TEST_PHOTOS ?? 4);
/** What the two-column net's widths are divided by. */
const narrow = process.env.ALEXNET_TEST_PHOTOS === undefined ? 8 : 1;
const classes = 1000;
const timeoutMs = 900_000;

const cli = new CommandLine();
let pack: string;
let photos: string[];
let torch: PythonConversation;

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
  parameters: number;
  logits: number[][];
  resizedLogits: number[][];
  meanPixelDifference: number;
  largestPixelDifference: number;
}

afterAll(() => {
  torch?.close();
  cli.remove();
});

describe.skipIf(reason !== '')(`models of other programs${reason}`, () => {
  beforeAll(() => {
    torch = new PythonConversation(python ?? '', 'foreign.py');
    providePhotos(cli.path('photos'));
    const [added] = cli.run('dataset', 'add', '--name', 'photos', '--train', 'photos');
    pack = cli.path('home/datasets', String(added?.id), 'train.pack');
    const found = readdirSync(cli.path('photos'), { recursive: true, encoding: 'utf8' });
    photos = found
      .filter((name) => /\.(JPEG|png)$/.test(name))
      .sort()
      .map((name) => cli.path('photos', name));
  });

  function importModel(file: string, name: string, options: string[]): Model {
    const [model] = cli.run('model', 'import', file, '--name', name, ...options) as unknown as [Model];
    return model;
  }

  async function importedAndBack(
    what: string,
    name: string,
    options: string[] = [],
  ): Promise<{ model: Model; ours: number[][] }> {
    const saved = (await torch.ask('save', what, narrow, pack, cli.root, ...photos)) as Saved;
    const model = importModel('zip.pth', name, options);
    expect(model.parameters).toBe(saved.parameters);

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
    expect(await torch.ask('load', cli.path('back.pth'))).toEqual({ same: true });

    return { model, ours };
  }

  async function throughOnnx(
    name: string,
    { model, ours }: { model: Model; ours: number[][] },
  ): Promise<void> {
    cli.run('model', 'export', name, '--format', 'onnx', '--out', 'net.onnx');
    const checked = await torch.ask('check', cli.path('net.onnx'));
    expect(checked).toMatchObject({ opset: 13, outputs: ['logits', 'probabilities'] });
    const { logits, sums } = await runOnnx(cli.path('net.onnx'), pack, model.preprocessing);
    const runtimeError = worstError(ours, logits);
    process.stdout.write(`${name} in ONNX Runtime: logits within ${runtimeError.toExponential(1)}\n`);
    expect(runtimeError).toBeLessThan(1e-4);
    for (const sum of sums) expect(sum).toBeCloseTo(1, 4);
    const again = importModel('net.onnx', `${name}-again`, []);
    expect(again).toMatchObject({
      format: 'onnx',
      net: model.net,
      preprocessing: model.preprocessing,
      labels: model.labels,
    });
    expect(storedWeights(again.file).equals(storedWeights(model.file))).toBe(true);
  }

  it(
    "torchvision's alexnet is recognised with its preprocessing, and goes back to PyTorch unchanged",
    async () => {
      const { model } = await importedAndBack('torchvision', 'torchvision');
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
    `the two columns of the paper in PyTorch are, in either format, and go through ONNX unchanged${existsSync(peer) ? '' : ` (skipped: there is no ${peer})`}`,
    async () => {
      const scaling = [
        '--mean',
        '0.485,0.456,0.406',
        '--std',
        '0.229,0.224,0.225',
        '--scale',
        String(1 / 255),
      ];
      const imported = await importedAndBack(peer, 'peer', scaling);
      const { model } = imported;
      expect(model.net.columns).toBe(2);
      if (narrow === 1) expect(model.parameters).toBe(60_965_224);
      const legacy = importModel('legacy.pth', 'peer-legacy', scaling);
      expect(legacy).toMatchObject({
        format: 'pytorch-legacy',
        preset: model.preset,
        parameters: model.parameters,
      });
      expect(storedWeights(legacy.file).equals(storedWeights(model.file))).toBe(true);
      await throughOnnx('peer', imported);
    },
    timeoutMs,
  );
});
