// Addresses of image bytes (main/api/image-urls.ts makes them): ids and numbers only, so that no path of the disk can
// be asked for.
import { splitSchema } from '../../api/datasets.ts';
import { AppError } from '../../api/errors.ts';
import type { CropView } from '../../api/image-urls.ts';
import type { ImageService, Picture } from '../../services/images.ts';

const smallest = 16;
const largest = 256;
const idForm = /^[a-z0-9][a-z0-9-]{0,63}$/;

function refuse(what: string): AppError {
  return new AppError('INVALID_ARGUMENT', `there is no such image: ${what}`);
}

function toId(text: string | undefined): string {
  if (text === undefined || !idForm.test(text)) throw refuse('that is no id');
  return text;
}

function toCount(text: string | undefined | null, what: string): number {
  if (text === undefined || text === null || !/^[0-9]{1,12}$/.test(text))
    throw refuse(`${what} is a whole number`);
  return Number(text);
}

function toSplit(text: string | undefined) {
  const { success, data } = splitSchema.safeParse(text);
  if (!success) throw refuse('a split is train or val');
  return data;
}

function toSize(query: URLSearchParams): { size?: number } {
  const text = query.get('size');
  if (text === null) return {};
  const size = toCount(text, 'size');
  if (size < smallest || size > largest) throw refuse(`size is ${smallest} to ${largest}`);
  return { size };
}

function toView(query: URLSearchParams): { size?: number; crop?: CropView } {
  if (!query.has('crop')) return toSize(query);
  const colour = (query.get('colour') ?? '0,0,0').split(',').map(Number);
  const [red = 0, green = 0, blue = 0] = colour;
  if (colour.length !== 3 || !colour.every(Number.isFinite)) throw refuse('colour is three numbers');
  return {
    crop: {
      top: toCount(query.get('top'), 'top'),
      left: toCount(query.get('left'), 'left'),
      size: toCount(query.get('crop'), 'crop'),
      mirror: query.get('mirror') === '1',
      colour: [red, green, blue],
    },
  };
}

/** `path` begins with /images/. Throws INVALID_ARGUMENT, NOT_FOUND, and what is wrong with the image. */
export async function findPicture(
  images: ImageService,
  path: string,
  query: URLSearchParams,
): Promise<Picture> {
  const [, , kind, first, second, third, ...rest] = path.split('/');
  if (rest.length > 0) throw refuse('the address is too long');
  switch (kind) {
    case 'dataset':
      return images.record(toId(first), toSplit(second), toCount(third, 'a record'), toView(query));
    case 'original':
      return await images.original(toId(first), toSplit(second), toCount(third, 'a record'));
    case 'mean':
      return images.mean(toId(first));
    case 'photo':
      if (second === undefined) return await images.photo(toId(first));
      if (second !== 'square') throw refuse('a photo has a square');
      return await images.photoSquare(toId(first), toView(query));
    case 'prediction':
      return await images.prediction(toCount(first, 'an answer'), toSize(query).size);
    case 'made':
      return images.made(toId(first));
    case 'kernels':
      if (second === 'step') return await images.kernelsAt(toId(first), toCount(third, 'a step'));
      return await images.kernels(toId(first), toCount(second, 'a checkpoint'));
    case 'live-kernels':
      return images.liveKernels(toId(first), toCount(second, 'a step'));
    default:
      throw refuse('no such kind');
  }
}
