// What a file that comes from anywhere may do to its readers: be read, or be refused with a reason. Nothing else.
import { AppError } from '../../../api/errors.ts';
import { valueCount } from '../../tensor-source.ts';
import { type ByteSource, MemoryBytes } from '../byte-source.ts';
import { readCaffeMean } from '../caffe-file.ts';
import { readModel } from '../open-model-file.ts';
import { RecordedTensors } from '../tensor-records.ts';

/** Values read of each tensor. */
const mostValues = 4096;
const mostTensors = 20;

/** Opens the bytes and reads some of every tensor. Returns how it went; throws what is no refusal. */
export function exercise(bytes: Uint8Array): string {
  const outcome = refusalOr(() => {
    // Weights in another file of the folder: any name is there, and has little in it.
    const beside = (): ByteSource => new MemoryBytes(new Uint8Array(64), 'beside');
    const model = readModel(new MemoryBytes(bytes), beside);
    try {
      const values = new RecordedTensors(model.path, model.records);
      for (const { name, shape } of model.tensors.slice(0, mostTensors)) {
        const count = valueCount(shape);
        if (count > 1 << 22) continue;
        refusalOr(() => {
          values.read(name, Math.max(0, count - mostValues), Math.min(count, mostValues));
          return '';
        });
      }
      return `read ${model.format} ${model.chain?.length ?? 'no'} ${model.chainProblem?.replace(/\d+/g, '0')}`;
    } finally {
      model.close();
    }
  });
  refusalOr(() => {
    readCaffeMean(new MemoryBytes(bytes));
    return '';
  });
  return outcome;
}

function refusalOr(work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError && error.code === 'INVALID_MODEL') {
      return error.message.replace(/"[^"]*"/g, '""').replace(/\d+/g, '0');
    }
    throw error;
  }
}
