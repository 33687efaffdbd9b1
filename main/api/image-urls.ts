// Paths below the origin under which image bytes are read: by id, never by a file's path. The same in the browser
// and in the window (app://). Tests of both sides and the screens make them here alone.
import type { Split } from './datasets.ts';

function query(values: Record<string, string | number | undefined>): string {
  const given = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`],
  );
  return given.length === 0 ? '' : `?${given.join('&')}`;
}

const part = encodeURIComponent;

/** A crop of the packed square as the net would see it, before the mean is subtracted. */
export interface CropView {
  top: number;
  left: number;
  size: number;
  mirror: boolean;
  /** Added to R, G, B. */
  colour: readonly [number, number, number];
}

function cropQuery(crop: CropView): Record<string, string | number | undefined> {
  return {
    top: crop.top,
    left: crop.left,
    crop: crop.size,
    mirror: crop.mirror ? 1 : undefined,
    colour: crop.colour.every((value) => value === 0) ? undefined : crop.colour.join(','),
  };
}

export const imageUrls = {
  /** The packed 256x256 square, JPEG; `size`: scaled to size x size, 16..256. */
  record: (datasetId: string, split: Split, record: number, size?: number) =>
    `/images/dataset/${part(datasetId)}/${split}/${record}${query({ size })}`,
  recordCrop: (datasetId: string, split: Split, record: number, crop: CropView) =>
    `/images/dataset/${part(datasetId)}/${split}/${record}${query(cropQuery(crop))}`,
  /** The file it was packed from, in full size. */
  original: (datasetId: string, split: Split, record: number) =>
    `/images/original/${part(datasetId)}/${split}/${record}`,
  /** The mean of the training split, 256x256. */
  mean: (datasetId: string) => `/images/mean/${part(datasetId)}`,
  /** A photo in full size ... */
  photo: (photoId: string) => `/images/photo/${part(photoId)}`,
  /** ... and as the 256x256 square that the net sees. */
  photoSquare: (photoId: string, size?: number) => `/images/photo/${part(photoId)}/square${query({ size })}`,
  photoCrop: (photoId: string, crop: CropView) =>
    `/images/photo/${part(photoId)}/square${query(cropQuery(crop))}`,
  /** The file of an answer in the history, as the square. */
  prediction: (id: number, size?: number) => `/images/prediction/${id}${query({ size })}`,
  /** A picture that an operation has just made. */
  made: (id: string) => `/images/made/${part(id)}`,
  /** The first convolution's kernels of a run's checkpoint, PNG. */
  kernels: (runId: string, checkpointId: number) => `/images/kernels/${part(runId)}/${checkpointId}`,
  /** The same of a run that trains, as they were after a step that runs.liveKernels told. */
  liveKernels: (runId: string, step: number) => `/images/live-kernels/${part(runId)}/${step}`,
  /** The same as they were after a step, where they were kept. */
  kernelsAt: (runId: string, step: number) => `/images/kernels/${part(runId)}/step/${step}`,
};

/** POST a photo's bytes here, its name in `name`: answered by the photo as JSON, or { error }. */
export function photoUploadUrl(name: string): string {
  return `/photos${query({ name })}`;
}
