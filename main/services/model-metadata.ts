// What an exported file says of itself besides its tensors, so that importing it brings everything back.
import * as z from 'zod';
import { AppError } from '../api/errors.ts';
import { labelsSchema, modelPreprocessingSchema } from '../api/models.ts';
import { parseWith } from '../api/parse.ts';
import { netSchema } from '../api/run-config.ts';

const key = 'alexnet-studio';
const meanImageKey = 'alexnet-studio.mean-image';

const describedSchema = z.object({
  version: z.literal(1),
  preset: z.string(),
  net: netSchema,
  /** The mean image itself is kept beside it. */
  preprocessing: modelPreprocessingSchema.omit({ meanImageFile: true }),
  labels: labelsSchema,
  /** Where it came from, for people. */
  origin: z.record(z.string(), z.unknown()),
});

export type DescribedModel = z.output<typeof describedSchema>;

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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('INVALID_MODEL', `what ${file} says of itself is no JSON: ${String(error)}`, {
      path: file,
    });
  }
  const model = parseWith(describedSchema, value, `what ${file} says of itself`, 'INVALID_MODEL');
  const encoded = metadata[meanImageKey];
  if (model.preprocessing.mean === 'image' && encoded === undefined) {
    throw new AppError('INVALID_MODEL', `${file} subtracts a mean image, but does not hold it`, {
      path: file,
    });
  }
  return { model, meanImage: encoded === undefined ? undefined : Buffer.from(encoded, 'base64') };
}
