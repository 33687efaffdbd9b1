// Weights that are imported are numbers: a net with others answers nothing, and says so only when it is asked.
import { AppError } from '../../api/errors.ts';
import type { TensorSource } from '../../data/tensor-source.ts';

/** All bits of the exponent: infinite, or no number. */
const notFinite = 0x7f800000;

/** `source`, whose read() throws INVALID_MODEL where a value is infinite or no number. `file`: what is imported. */
export function finiteTensors(source: TensorSource, file: string): TensorSource {
  return {
    tensors: source.tensors,
    read(name, offset, count) {
      const bytes = source.read(name, offset, count);
      const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
      const bits = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
      const at = bits.findIndex((value) => (value & notFinite) === notFinite);
      if (at < 0) return bytes;
      throw new AppError(
        'INVALID_MODEL',
        `${file}: value ${offset + at} of ${name} is no finite number: the training that made it has diverged, or the file is damaged`,
        { tensor: name },
      );
    },
  };
}
