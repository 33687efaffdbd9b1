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

/** Logits and the sums of the probabilities, all records as one batch. */
export async function runOnnx(
  file: string,
  pack: string,
  preprocessing: ModelPreprocessing,
): Promise<{ logits: number[][]; sums: number[] }> {
  // Its libraries take seconds to load, which tests that are skipped need not wait for.
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const inputs = inputsOf(pack, preprocessing);
  const { cropSize } = preprocessing;
  const all = new Float32Array(inputs.length * 3 * cropSize * cropSize);
  for (const [i, input] of inputs.entries()) all.set(input, i * input.length);
  const session = await InferenceSession.create(file);
  const input = new Tensor('float32', all, [inputs.length, 3, cropSize, cropSize]);
  const { logits, probabilities } = await session.run({ input });
  await session.release();
  const rows = (tensor: RuntimeTensor | undefined): number[][] => {
    const values = Array.from((tensor?.data ?? []) as Float32Array);
    const width = values.length / inputs.length;
    return inputs.map((_, i) => values.slice(i * width, (i + 1) * width));
  };
  return { logits: rows(logits), sums: rows(probabilities).map((row) => row.reduce((a, b) => a + b, 0)) };
}
