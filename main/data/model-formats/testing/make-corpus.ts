// Writes the corpus's first files: npm run fuzz:corpus. Those of PyTorch and ONNX are made by make-corpus.py.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { valueCount } from '../../tensor-source.ts';
import { writePytorch } from '../pytorch-writer.ts';
import { writeSafetensors } from '../safetensors-writer.ts';
import { alexnetLayers, blob, caffeModel } from './caffe-fixtures.ts';
import { corpusFolder } from './corpus.ts';

const tensors = [
  { name: 'conv1.weight', shape: [2, 3, 3, 3] },
  { name: 'conv1.bias', shape: [2] },
];
const source = {
  tensors,
  read: (name: string, offset: number, count: number) => {
    const { shape } = tensors.find((tensor) => tensor.name === name) ?? { shape: [0] };
    const values = Float32Array.from({ length: valueCount(shape) }, (_, i) => i / 7);
    return new Uint8Array(values.buffer, 4 * offset, 4 * count);
  },
};
const place = (name: string) => join(corpusFolder, `seed-${name}.bin`);

await writeSafetensors(place('safetensors'), source, { metadata: { format: 'pt' } });
await writePytorch(place('own-pytorch'), source, {
  metadata: { 'alexnet-studio': '{}' },
  names: tensors.map(({ name }) => [name, name] as const),
});
const shape = { widths: [4, 4, 4, 4, 4, 4, 4, 3], side: 1 };
const layers = alexnetLayers({ ...shape, order: 'lrn-pool' }, (_, i) => i);
writeFileSync(place('caffe'), caffeModel('AlexNet', layers, false));
writeFileSync(
  place('caffe-v1'),
  caffeModel(
    'CaffeNet',
    alexnetLayers({ ...shape, order: 'pool-lrn' }, (_, i) => i),
    true,
  ),
);
writeFileSync(
  place('caffe-mean'),
  blob(
    [1, 3, 2, 2],
    Float32Array.from({ length: 12 }, (_, i) => i),
    true,
  ),
);
const script = fileURLToPath(new URL('make-corpus.py', import.meta.url));
execFileSync('/usr/bin/python3', [script, corpusFolder], { stdio: 'inherit' });
