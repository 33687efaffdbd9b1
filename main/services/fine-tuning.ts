// Starting from a model's weights: which layers are taken over, which are new, and how pixels become the input so that
// the features that were learnt stay right.
import { copyFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../api/errors.ts';
import type { ModelPreprocessing } from '../api/models.ts';
import type { InitLayer } from '../api/operations/config.ts';
import type { ActionConfig, NetConfig, RunConfig } from '../api/run-config.ts';
import { fromFileSystem } from '../data/data-directory.ts';
import { findMisfits, netTensors } from '../data/model-layout.ts';
import type { Addon } from '../engine/addon.ts';
import { placeholderNames } from './class-names.ts';
import type { ModelResolver, ResolvedModel } from './model-resolver.ts';
import { describeNet } from './net-description.ts';
import { type ConfigRequest, defaultPreset, type Presets } from './presets.ts';

/** From where pixels take their mean and gain: from the model that a run starts from, or from its data set. */
export type PreprocessingChoice = 'model' | 'dataset';

/**
 * Layer by layer. The classifier is new where the classes are others, by number or by name (by number alone where the
 * model's have no names); a layer of another shape is a misfit, and so is one that the model has not.
 */
export function planInit(
  addon: Addon,
  init: ResolvedModel,
  net: NetConfig,
  labels: readonly string[],
): InitLayer[] {
  const wanted = netTensors(describeNet(addon, net));
  const there = netTensors(describeNet(addon, init.net));
  const misfits = new Map(findMisfits(wanted, there).map(({ tensor, reason }) => [tensor, reason]));
  const others = otherClasses(init.labels, labels);
  const layers = [...new Set(wanted.map(({ name }) => name.replace(/\.(weight|bias)$/, '')))];
  const last = layers.at(-1);
  return layers.map((layer): InitLayer => {
    if (layer === last && others !== '') return { layer, state: 'new', reason: others };
    const misfit = misfits.get(`${layer}.weight`) ?? misfits.get(`${layer}.bias`);
    return misfit === undefined
      ? { layer, state: 'loaded', reason: '' }
      : { layer, state: 'misfit', reason: `${misfit} (here: the model's)` };
  });
}

/** Why a model's classes are not those wanted; empty where they are. */
function otherClasses(have: readonly string[], wanted: readonly string[]): string {
  if (have.length !== wanted.length) return `the model has ${have.length} classes of its own`;
  if (isDeepStrictEqual(have, placeholderNames(have.length))) return '';
  const apart = wanted.findIndex((name, i) => name !== have[i]);
  return apart < 0 ? '' : `the model's class ${apart} is '${have[apart]}', here it is '${wanted[apart]}'`;
}

/** Throws INVALID_MODEL naming every layer that does not fit. Returns the layers that are taken over. */
export function layersToLoad(plan: readonly InitLayer[], title: string): string[] {
  const misfits = plan.filter(({ state }) => state === 'misfit');
  if (misfits.length > 0) {
    const lines = misfits.map(({ layer, reason }) => `${layer} ${reason}`);
    throw new AppError(
      'INVALID_MODEL',
      `${title} does not fit the net: ${lines.join('; ')}; leave the preset out to take the model's own net`,
      { misfits },
    );
  }
  return plan.filter(({ state }) => state === 'loaded').map(({ layer }) => layer);
}

/** A request that starts from a model has the model's net, unless it names a preset. */
export function withInitNet(
  request: ConfigRequest & { init?: string },
  models: ModelResolver,
  presets: Presets,
): ConfigRequest {
  if (request.init === undefined || request.preset !== undefined) return request;
  const { net, preset } = models.resolve(request.init);
  return { ...request, net, preset: presets.names().includes(preset) ? preset : defaultPreset };
}

/** Layers that do not learn, from the first step on. Throws INVALID_CONFIG for one that the net has not. */
export function frozen(config: RunConfig, layers: readonly string[]): RunConfig {
  const known = config.net.layers.map(({ name }) => name);
  for (const layer of layers) {
    if (known.includes(layer)) continue;
    throw new AppError(
      'INVALID_CONFIG',
      `the net has no layer ${layer} to freeze; there are ${known.join(', ')}`,
      {
        field: 'optimiser.actions',
      },
    );
  }
  const actions = layers.map((layer): ActionConfig => ({ epoch: 1, kind: 'freeze', layer }));
  return {
    ...config,
    optimiser: { ...config.optimiser, actions: [...actions, ...config.optimiser.actions] },
  };
}

/** What a run says of its augmentation where the model's preprocessing takes its place. */
export function withPreprocessing(
  config: RunConfig,
  { mean, meanFollowsCrop, gain }: ModelPreprocessing,
): RunConfig {
  const average = (gain[0] + gain[1] + gain[2]) / 3;
  return { ...config, augmentation: { ...config.augmentation, mean, meanFollowsCrop, gain: average } };
}

/** The model's preprocessing for a run of its own: its mean image is copied, since the model may be removed. */
export function takeOver(
  preprocessing: ModelPreprocessing,
  meanFile: string,
  relative: string,
): ModelPreprocessing {
  if (preprocessing.meanImageFile === undefined) return preprocessing;
  try {
    copyFileSync(preprocessing.meanImageFile, meanFile);
  } catch (error) {
    throw fromFileSystem(error, meanFile, 'copying the mean image');
  }
  return { ...preprocessing, meanImageFile: relative };
}
