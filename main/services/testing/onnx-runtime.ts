// Runs an exported ONNX model on a pack's records, as another program would that reads its description.
import type { Tensor as RuntimeTensor } from 'onnxruntime-node';
import type { ModelPreprocessing } from '../../api/models.ts';
import { loadAddon } from '../../engine/load-addon.ts';

const side = 256;

/** The net's inputs of every record: [records, 3, crop, crop]. */
function inputsOf(pack: string, { cropSize, meanRgb = [0, 0, 0], gain }: ModelPreprocessing): Float32Array[] {
  const opened = loadAddon().openPack(pack);
  const begin = Math.floor((side - cropSize) / 2);
  try {
    return Array.from({ length: opened.count }, (_, record) => {
      const pixels = opened.record(record);
      const input = new Float32Array(3 * cropSize * cropSize);
      let at = 0;
      for (let channel = 0; channel < 3; channel++) {
        for (let y = 0; y < cropSize; y++) {
          for (let x = 0; x < cropSize; x++) {
            const pixel = pixels[((begin + y) * side + begin + x) * 3 + channel] ?? 0;
            input[at++] = (pixel - (meanRgb[channel] ?? 0)) * (gain[channel] ?? 1);
          }
        }
      }
      return input;
    });
  } finally {
    opened.close();
  }
}

/** Logits and the sums of the probabilities, `batch` records at a time (all at once where it is not given). */
export async function runOnnx(
  file: string,
  pack: string,
  preprocessing: ModelPreprocessing,
  batch?: number,
): Promise<{ logits: number[][]; sums: number[] }> {
  // Its libraries take seconds to load, which tests that are skipped need not wait for.
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const inputs = inputsOf(pack, preprocessing);
  const { cropSize } = preprocessing;
  const size = batch ?? inputs.length;
  const answers = { logits: [] as number[][], sums: [] as number[] };
  const session = await InferenceSession.create(file);
  for (let first = 0; first < inputs.length; first += size) {
    const some = inputs.slice(first, first + size);
    const all = new Float32Array(some.length * 3 * cropSize * cropSize);
    for (const [i, input] of some.entries()) all.set(input, i * input.length);
    const input = new Tensor('float32', all, [some.length, 3, cropSize, cropSize]);
    const { logits, probabilities } = await session.run({ input });
    answers.logits.push(...rows(logits, some.length));
    answers.sums.push(...rows(probabilities, some.length).map((row) => row.reduce((a, b) => a + b, 0)));
  }
  await session.release();
  return answers;
}

function rows(tensor: RuntimeTensor | undefined, count: number): number[][] {
  const values = Array.from((tensor?.data ?? []) as Float32Array);
  const width = values.length / count;
  return Array.from({ length: count }, (_, i) => values.slice(i * width, (i + 1) * width));
}
