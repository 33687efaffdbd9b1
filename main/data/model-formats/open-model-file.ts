// Opens a file of weights: what it is, is told by its content, never by its name.
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromFileSystem } from '../data-directory.ts';
import { type ByteSource, FileBytes, invalidModel } from './byte-source.ts';
import { readCaffeModel } from './caffe-file.ts';
import type { ModelFile } from './model-file.ts';
import { readOnnxModel } from './onnx-file.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { isLegacyPytorch, isZip, readPytorchLegacy, readPytorchZip } from './pytorch-file.ts';
import { readSafetensors } from './safetensors.ts';

const headBytes = 512;

/** Files that are often taken for weights, and what to do about them. */
const mistaken: readonly [(head: Buffer, text: string) => boolean, string][] = [
  [(head) => head.length === 0, 'it is empty'],
  [
    (_, text) => text.startsWith('version https://git-lfs'),
    'it is a pointer of Git LFS; fetch the file itself with git lfs pull',
  ],
  [(_, text) => /^\s*<(!doctype|html|\?xml)/i.test(text), 'it is a web page; the download went wrong'],
  [(head) => head[0] === 0x1f && head[1] === 0x8b, 'it is compressed with gzip; unpack it first'],
  [
    (head) => head.subarray(0, 4).toString('latin1') === '\x89HDF',
    'it is an HDF5 file; convert it to safetensors',
  ],
  [
    (_, text) => text.slice(257, 262) === 'ustar',
    'it is a tar archive, as PyTorch before 0.2 wrote; load and save it anew, or unpack it',
  ],
  [
    (_, text) => /^\s*(#|name\s*:|layers?\s*\{|input\s*:)/.test(text),
    "it is the text that describes a net (.prototxt); the weights are in Caffe's .caffemodel",
  ],
  [(_, text) => /^\s*[{[]/.test(text), 'it is JSON'],
];

function isSafetensors(head: Buffer): boolean {
  return head.length > 8 && head[8] === 0x7b && head.readUInt32LE(4) === 0;
}

/** Which of the two kinds of messages a protobuf file is, by the fields that it has. */
function protobufKind(source: ByteSource): 'onnx' | 'caffe' | undefined {
  const seen = new Set<string>();
  try {
    const reader = new ProtobufReader(source, 'a model');
    for (const { number, kind } of reader.fields(0, source.size)) seen.add(`${number} ${kind}`);
  } catch {
    return undefined; // no protobuf at all
  }
  if (seen.has('7 bytes') && (seen.has('1 varint') || seen.has('8 bytes'))) return 'onnx';
  return seen.has('100 bytes') || seen.has('2 bytes') ? 'caffe' : undefined;
}

/** Reads what `source` begins with. Takes the source over: it is closed with the model, or when this throws. */
export function readModel(source: ByteSource, beside?: (name: string) => ByteSource): ModelFile {
  try {
    const head = source.read(0, Math.min(headBytes, source.size));
    if (isZip(head)) return readPytorchZip(source);
    if (isLegacyPytorch(head)) return readPytorchLegacy(source);
    if (isSafetensors(head)) return readSafetensors(source);
    const text = head.toString('latin1');
    const mistake = mistaken.find(([matches]) => matches(head, text));
    if (mistake !== undefined) throw invalidModel(source.path, 'weights', mistake[1]);
    const kind = protobufKind(source);
    if (kind === 'onnx') return readOnnxModel(source, beside);
    if (kind === 'caffe') return readCaffeModel(source);
    if (head[0] === 0x80 && (head[1] ?? 0) <= 5) {
      throw invalidModel(source.path, 'weights', 'it is a pickle of Python, but not one of torch.save');
    }
    // A header's length that no file can have: say what is wrong with it as a safetensors file.
    if (head.length > 8 && head[8] === 0x7b) return readSafetensors(source);
    throw invalidModel(
      source.path,
      'weights',
      'it is none of the formats that are known here: safetensors, PyTorch (.pth, .pt), Caffe (.caffemodel), ONNX',
    );
  } catch (error) {
    source.close();
    throw error;
  }
}

/** Throws NOT_FOUND, IO, INVALID_MODEL saying what is wrong. The caller closes it. */
export function openModelFile(path: string): ModelFile {
  const source = new FileBytes(path);
  return readModel(source, (name) => {
    const folder = realpathSync(dirname(path));
    const place = join(folder, name);
    let real: string;
    try {
      real = realpathSync(place);
    } catch (error) {
      throw fromFileSystem(error, place, 'reading the weights beside the model');
    }
    if (dirname(real) !== folder) {
      throw invalidModel(path, 'an ONNX model', `its weights ${name} are a link to another folder`);
    }
    return new FileBytes(real);
  });
}
