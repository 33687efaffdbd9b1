// A photo to look at: one of the user's, or an image of a data set.
import type { StudioClient } from '../../../../main/api/contract.ts';
import type { Split } from '../../../../main/api/datasets.ts';
import { imageUrls } from '../../../../main/api/image-urls.ts';
import type { Photo } from '../../../../main/api/operations/classify.ts';
import type { PhotoReference } from '../../../../main/api/operations/inspect.ts';

export interface PickedPhoto {
  /** Tells one from another. */
  key: string;
  reference: PhotoReference;
  /** The 256x256 square: a path below the origin. */
  image: string;
  title: string;
  trueClass: { class: number; name: string } | null;
}

export function ownPhoto({ id, name }: Pick<Photo, 'id' | 'name'>): PickedPhoto {
  const reference = { photoId: id };
  return { key: id, reference, image: imageUrls.photoSquare(id), title: name, trueClass: null };
}

export function datasetPhoto(
  datasetId: string,
  split: Split,
  { record, label, className }: { record: number; label: number; className: string },
): PickedPhoto {
  return {
    key: `${datasetId}/${split}/${record}`,
    reference: { datasetId, split, record },
    image: imageUrls.record(datasetId, split, record),
    title: `${className}, image ${record}`,
    trueClass: { class: label, name: className },
  };
}

/** Images of a split drawn at random, no one twice. */
export async function randomPhotos(
  client: Pick<StudioClient, 'datasets'>,
  datasetId: string,
  split: Split,
  count: number,
  signal?: AbortSignal,
): Promise<PickedPhoto[]> {
  const options = signal === undefined ? {} : { signal };
  const { total } = await client.datasets.images({ id: datasetId, split, offset: 0, limit: 1 }, options);
  const offsets = new Set<number>();
  while (offsets.size < Math.min(count, total)) offsets.add(Math.floor(Math.random() * total));
  const pages = await Promise.all(
    [...offsets].map((offset) => client.datasets.images({ id: datasetId, split, offset, limit: 1 }, options)),
  );
  return pages.flatMap(({ images }) => images.map((image) => datasetPhoto(datasetId, split, image)));
}
