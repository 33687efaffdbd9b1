// What happens inside a net for one photo, and how active its units are over many.
import type { LayerActivity } from '../api/activity.ts';
import { AppError } from '../api/errors.ts';
import { imageUrls } from '../api/image-urls.ts';
import { parseJson } from '../api/json.ts';
import { type NetDescription, netDescriptionSchema } from '../api/net-description.ts';
import type {
  Activity,
  HeatView,
  Look,
  MapsView,
  OcclusionView,
  PhotoReference,
} from '../api/operations/inspect.ts';
import { getActivity, type StoredActivity, storeActivity } from '../data/activities.ts';
import type { WritableDatabase } from '../data/database.ts';
import { getDataset } from '../data/datasets.ts';
import { encodePng } from '../datasets/sample/png.ts';
import type { Addon, NativeLayerActivity, NativeMaps } from '../engine/addon.ts';
import type { Place } from '../engine/inspect-questions.ts';
import type { CheckpointFiles } from './checkpoint-files.ts';
import { squareSide } from './crop-view.ts';
import type { InspectHosts } from './inspect-hosts.ts';
import type { MadePictures } from './made-pictures.ts';
import { drawMaps } from './map-picture.ts';
import type { ModelResolver, ResolvedModel } from './model-resolver.ts';
import type { PhotoSources } from './photo-sources.ts';

export interface InspectionParts {
  db: WritableDatabase;
  models: ModelResolver;
  files: CheckpointFiles;
  hosts: InspectHosts;
  photos: PhotoSources;
  pictures: MadePictures;
  addon: () => Addon;
  /** Ms UTC. */
  now: () => number;
}

const predictionsShown = 10;
/** A unit that fewer of the images make active is rare. */
const rareShare = 0.01;

interface PhotoRequest {
  model: string;
  photo: PhotoReference;
}

export class InspectionService {
  readonly #parts: InspectionParts;

  constructor(parts: InspectionParts) {
    this.#parts = parts;
  }

  /** Throws NOT_FOUND, and what the engine has against model or photo, as all of these do. */
  async look({ model: reference, photo }: PhotoRequest, signal: AbortSignal): Promise<Look> {
    const { source, trueClass } = this.#parts.photos.resolve(photo);
    return await this.#withModel(reference, async (model) => {
      const question = { kind: 'look' as const, photo: source, top: predictionsShown };
      const { predictions } = await this.#parts.hosts.ask(model, question, signal);
      const { cropSize } = model.preprocessing;
      const corner = (squareSide - cropSize) >> 1;
      const net = this.#describe(model);
      return {
        net,
        classes: model.labels,
        crop: { top: corner, left: corner, size: cropSize },
        predictions: predictions.map((one) => ({
          ...one,
          name: model.labels[one.class] ?? `class ${one.class}`,
        })),
        trueClass,
        lastMaps: lastMaps(net) ?? null,
      };
    });
  }

  async maps(
    { model: reference, photo, place }: PhotoRequest & { place: Place },
    signal: AbortSignal,
  ): Promise<MapsView> {
    const { source } = this.#parts.photos.resolve(photo);
    return await this.#withModel(reference, async (model) => {
      const { maps } = await this.#parts.hosts.ask(model, { kind: 'maps', photo: source, place }, signal);
      const picture = drawMaps(maps, model.net.columns);
      const image = imageUrls.made(
        this.#parts.pictures.keep(encodePng(picture.width, picture.height, picture.pixels)),
      );
      const { channels, height, width, values } = maps;
      const { perRow, least, most } = picture;
      const zeroShare = values.filter((value) => value === 0).length / values.length;
      return { channels, height, width, perRow, image, least, most, zeroShare, ...unitValues(maps) };
    });
  }

  async gradCam(
    { model: reference, photo, label }: PhotoRequest & { label: number },
    signal: AbortSignal,
  ): Promise<HeatView> {
    const { source } = this.#parts.photos.resolve(photo);
    return await this.#withModel(reference, async (model) => {
      const place = lastMaps(this.#describe(model));
      if (place === undefined)
        throw new AppError('INVALID_ARGUMENT', 'this net has no convolution, so it has no maps to look at');
      this.#checkLabel(model, label);
      const question = { kind: 'gradCam' as const, photo: source, label, place };
      const { heat } = await this.#parts.hosts.ask(model, question, signal);
      const { height, width, values, largest } = heat;
      return { height, width, values: Array.from(values, (value) => (largest > 0 ? value / largest : 0)) };
    });
  }

  async occlusion(
    {
      model: reference,
      photo,
      label,
      positions,
      side,
    }: PhotoRequest & { label: number; positions: number; side: number },
    signal: AbortSignal,
  ): Promise<OcclusionView> {
    const { source } = this.#parts.photos.resolve(photo);
    return await this.#withModel(reference, async (model) => {
      this.#checkLabel(model, label);
      const { cropSize } = model.preprocessing;
      const fitting = Math.min(side, cropSize);
      const question = {
        kind: 'occlusion' as const,
        photo: source,
        label,
        cropSize,
        side: fitting,
        positions,
      };
      const { occlusion } = await this.#parts.hosts.ask(model, question, signal);
      return {
        positions,
        side: fitting,
        probabilities: [...occlusion.probabilities],
        whole: occlusion.whole,
      };
    });
  }

  /** What was measured last, or null. */
  async activity(reference: string): Promise<Activity | null> {
    return await this.#withModel(reference, (model) => {
      const stored = getActivity(this.#parts.db, model);
      return Promise.resolve(stored === undefined ? null : this.#toActivity(stored));
    });
  }

  async measureActivity(
    { model: reference, datasetId, images }: { model: string; datasetId: string; images: number },
    signal: AbortSignal,
  ): Promise<Activity> {
    const { db, photos, hosts, now } = this.#parts;
    if (getDataset(db, datasetId)?.state !== 'ready')
      throw new AppError('NOT_FOUND', 'this data set is not ready or does not exist any more');
    return await this.#withModel(reference, async (model) => {
      const question = { kind: 'activity' as const, pack: photos.pack(datasetId, 'train'), images };
      const { layers } = await hosts.ask(model, question, signal);
      const stored = {
        datasetId,
        images: layers[0]?.images ?? 0,
        layers: layers.map(sumUpActivity),
        createdAt: now(),
      };
      await db.whenFree(() => storeActivity(db, model, stored));
      return this.#toActivity(stored);
    });
  }

  async #withModel<T>(reference: string, work: (model: ResolvedModel) => Promise<T>): Promise<T> {
    const { models, files } = this.#parts;
    await files.free(models.runOf(reference));
    return await models.withModel(reference, work);
  }

  #toActivity({ datasetId, images, layers, createdAt }: StoredActivity): Activity {
    const datasetName = getDataset(this.#parts.db, datasetId)?.name ?? '';
    return { datasetId, datasetName, images, layers, measuredAt: createdAt };
  }

  #describe({ net }: ResolvedModel): NetDescription {
    const json = this.#parts.addon().describeNet(JSON.stringify(net), 1);
    return parseJson(netDescriptionSchema, json, "the engine's description of the net", 'INTERNAL');
  }

  #checkLabel({ labels }: ResolvedModel, label: number): void {
    if (label < labels.length) return;
    throw new AppError(
      'INVALID_ARGUMENT',
      `the net has ${labels.length} classes; there is no class ${label}`,
    );
  }
}

/** The last convolution's maps after its activation: what is pooled for the fully connected layers. */
export function lastMaps({ layers }: NetDescription): Place | undefined {
  const layer = layers.findLastIndex(({ kind }) => kind === 'conv');
  if (layer < 0) return undefined;
  const activation = layers[layer]?.ops.indexOf('activation') ?? -1;
  return { layer, op: activation + 1 };
}

function unitValues({ channels, height, width, values }: NativeMaps): { means: number[]; largest: number[] } {
  const area = height * width;
  const units = Array.from({ length: channels }, (_, i) => values.subarray(i * area, (i + 1) * area));
  return {
    means: units.map((unit) => unit.reduce((sum, value) => sum + value, 0) / area),
    largest: units.map((unit) =>
      unit.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
    ),
  };
}

export function sumUpActivity(layer: NativeLayerActivity): LayerActivity {
  const units = layer.mean.length;
  const average = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / units;
  const activeShare = Array.from(layer.activeImages, (active) => active / Math.max(1, layer.images));
  return {
    layer: layer.layer,
    units,
    mean: average(layer.mean),
    zeroShare: average(layer.zeroShare),
    saturatedShare: average(layer.saturatedShare),
    dead: activeShare.filter((share) => share === 0).length,
    rare: activeShare.filter((share) => share < rareShare).length,
    activeShare: activeShare.map((share) => Math.round(share * 1e4) / 1e4),
  };
}
