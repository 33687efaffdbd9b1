// What an exported file says of itself besides its tensors, so that importing it brings everything back.
import { AppError } from '../api/errors.ts';
import { parseJson } from '../api/json.ts';
import { type DescribedModel, describedModelSchema } from '../api/models.ts';

const key = 'alexnet-studio';
const meanImageKey = 'alexnet-studio.mean-image';

export type { DescribedModel } from '../api/models.ts';

export interface ModelDescription {
  model: DescribedModel;
  /** Little-endian floats, where the preprocessing subtracts an image. */
  meanImage: Uint8Array | undefined;
}

/** Text to text, as safetensors keeps it. */
export function toMetadata({ model, meanImage }: ModelDescription): Record<string, string> {
  return {
    format: 'pt', // the layout of the tensors, by which other programs choose how to read them
    [key]: JSON.stringify(model),
    ...(meanImage === undefined ? {} : { [meanImageKey]: Buffer.from(meanImage).toString('base64') }),
  };
}

/** Undefined where the file is none of ours. Throws INVALID_MODEL where it is and is damaged. */
export function fromMetadata(
  metadata: Readonly<Record<string, string>>,
  file: string,
): ModelDescription | undefined {
  const text = metadata[key];
  if (text === undefined) return undefined;
  const model = parseJson(describedModelSchema, text, `what ${file} says of itself`, 'INVALID_MODEL');
  const encoded = metadata[meanImageKey];
  if (model.preprocessing.mean === 'image' && encoded === undefined) {
    throw new AppError('INVALID_MODEL', `${file} subtracts a mean image, but does not hold it`, {
      path: file,
    });
  }
  return { model, meanImage: encoded === undefined ? undefined : Buffer.from(encoded, 'base64') };
}
