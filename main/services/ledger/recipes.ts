// What the ledger's rows change in a run's configuration: one function an idea. Each takes a complete configuration
// and gives a complete one; the widths are those before net.widthFactor.
import type { LayerConfig, NetConfig, RunConfig } from '../../api/run-config.ts';

export type Change = (config: RunConfig) => RunConfig;

/** One after the other. */
export const chain =
  (...changes: readonly Change[]): Change =>
  (config) =>
    changes.reduce((now, change) => change(now), config);

export const unchanged: Change = (config) => config;

function withNet(config: RunConfig, change: Partial<NetConfig>): RunConfig {
  return { ...config, net: { ...config.net, ...change } };
}

/** `undefined` takes a field away. */
type LayerChange = { [Field in keyof LayerConfig]?: LayerConfig[Field] | undefined };

function changeLayers(config: RunConfig, of: (layer: LayerConfig) => LayerChange): RunConfig {
  const layers = config.net.layers.map((layer) => {
    const fields = Object.entries({ ...layer, ...of(layer) });
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as LayerConfig;
  });
  return withNet(config, { layers });
}

const changeLayer = (config: RunConfig, name: string, change: LayerChange): RunConfig =>
  changeLayers(config, (layer) => (layer.name === name ? change : {}));

const halve = (width: LayerConfig['width']) => (width === 'classes' ? width : Math.round(width / 2));

/**
 * One column with half the kernels in all convolutions but the last (run #145-half): conv5 and the fully connected
 * layers keep their width, so that both nets have about as many parameters. Its conv4 starts with biases of 0.
 */
export const oneColumn: Change = (config) => {
  const convolutions = config.net.layers.filter(({ kind }) => kind === 'conv').map(({ name }) => name);
  const halved = new Set(convolutions.slice(0, -1));
  const changed = changeLayers(withNet(config, { columns: 1 }), ({ name, width }) => ({
    reads: undefined,
    ...(halved.has(name) ? { width: halve(width) } : {}),
    ...(name === 'conv4' ? { bias: undefined } : {}),
  }));
  return { ...changed, devices: changed.devices.slice(0, 1) };
};

/** Neither the norm across maps nor the one inside them (run #148). */
export const noNormalisation: Change = (config) => withNet(config, { lrn: null, spatialNorm: null });

/**
 * Windows of 2x2 with stride 2. Where sizes are rounded up, as the code did, two paddings change as well so that the
 * maps keep their sizes (run #147); rounded down they keep them by themselves and nothing else changes.
 */
export const noOverlap: Change = (config) => {
  const { pooling } = config.net;
  const pooled = withNet(config, { pooling: { stride: 2, rounding: 'floor', ...pooling, size: 2 } });
  if (pooling?.rounding !== 'ceil') return pooled;
  return changeLayer(changeLayer(pooled, 'conv2', { padding: 1 }), 'conv5', { padding: 0 });
};

/** The columns meet in the classifier alone; conv2 and fc6 grow so that the parameters stay about as many (run #150). */
export const noTraffic: Change = (config) =>
  changeLayers(config, ({ name }) => {
    if (name === 'conv2') return { width: 320 };
    if (name === 'conv3' || name === 'fc7') return { reads: 'own' };
    return name === 'fc6' ? { reads: 'own', width: 8192 } : {};
  });

export const noColourNoise: Change = (config) => ({
  ...config,
  augmentation: { ...config.augmentation, colourNoise: 0 },
  optimiser: {
    ...config.optimiser,
    actions: config.optimiser.actions.filter(({ kind }) => kind !== 'colourNoise'),
  },
});

export const centreCrops: Change = (config) => ({
  ...config,
  augmentation: { ...config.augmentation, crop: 'centre', mirror: false },
});

export const noDropout: Change = (config) => withNet(config, { dropout: 0 });

/** The middle one of three layers that read and write as many maps. */
export const noConv4: Change = (config) =>
  withNet(config, { layers: config.net.layers.filter(({ name }) => name !== 'conv4') });

/** "No regularization of any kind was employed" (figure 1), and one rate throughout. */
export const unregularised: Change = chain(noColourNoise, centreCrops, noDropout, (config) => ({
  ...config,
  optimiser: { ...config.optimiser, weightDecay: 0, schedule: { kind: 'constant' }, actions: [] },
}));

export const activation =
  (kind: NetConfig['activation']): Change =>
  (config) =>
    withNet(config, { activation: kind });

export const doubleBatch: Change = (config) => ({
  ...config,
  optimiser: {
    ...config.optimiser,
    batchSize: 2 * config.optimiser.batchSize,
    learningRate: 2 * config.optimiser.learningRate,
  },
});

// What the code did otherwise than the text. Each is set on both sides, whatever the preset has.

export const padBothSides: Change = (config) => changeLayer(config, 'conv1', { padding: 2 });
export const padAtTheEnd: Change = (config) =>
  changeLayer(config, 'conv1', { padding: { size: 0, rounding: 'ceil' } });

export const lrnAlpha =
  (alphaOverN: boolean): Change =>
  (config) =>
    config.net.lrn ? withNet(config, { lrn: { ...config.net.lrn, alphaOverN } }) : config;

export const conv1Order =
  (then: LayerConfig['then']): Change =>
  (config) =>
    changeLayer(config, 'conv1', { then });

const spatialNorm = { size: 5, k: 1, alpha: 4e-5, beta: 0.75 };

export const noSpatialNorm: Change = (config) =>
  withNet(
    changeLayers(config, ({ then }) => ({ then: then.filter((one) => one !== 'spatialNorm') })),
    { spatialNorm: null },
  );

/** After the norm across maps of the second layer. */
export const withSpatialNorm: Change = (config) =>
  withNet(
    changeLayers(noSpatialNorm(config), ({ name, then }) =>
      name === 'conv2' ? { then: then.flatMap((one) => (one === 'lrn' ? [one, 'spatialNorm'] : [one])) } : {},
    ),
    { spatialNorm },
  );

/** N(0, 0.01) everywhere, biases of 1 where the paper has them; `middle`: the sigma of conv3 to conv5. */
export const gaussianInit =
  (middle: number): Change =>
  (config) =>
    withNet(
      changeLayers(config, ({ name }) => ({
        init: undefined,
        sigma: ['conv3', 'conv4', 'conv5'].includes(name) ? middle : 0.01,
        bias: ['conv2', 'conv4', 'conv5', 'fc6', 'fc7'].includes(name) ? 1 : undefined,
      })),
      { init: { kind: 'gaussian', sigma: 0.01 } },
    );

export const biasRates =
  (biasLearningRateFactor: number, biasRateFollowsSchedule: boolean): Change =>
  (config) => ({
    ...config,
    optimiser: {
      ...config.optimiser,
      biasLearningRateFactor,
      biasRateFollowsSchedule,
      biasWeightDecayFactor: 0,
    },
  });

export const noEndGame: Change = (config) => ({ ...config, optimiser: { ...config.optimiser, actions: [] } });

/** Of the code's 90 epochs: colour noise off and conv1 at 1e-5 from 67 on, conv1 frozen from 72 on. */
export const endGame: Change = (config) => {
  const at = (epoch: number) => Math.max(1, Math.round((epoch * (config.epochs ?? 90)) / 90));
  const actions: RunConfig['optimiser']['actions'] = [
    { epoch: at(67), kind: 'colourNoise', sigma: 0 },
    { epoch: at(67), kind: 'layerRate', layer: 'conv1', rate: 1e-5 },
    { epoch: at(72), kind: 'freeze', layer: 'conv1' },
  ];
  return { ...config, optimiser: { ...config.optimiser, actions } };
};

/** The code divides the input by 1.1 after the mean is subtracted and the noise added. */
export const inputDividedBy =
  (divisor: number): Change =>
  (config) => ({
    ...config,
    augmentation: { ...config.augmentation, gain: config.augmentation.gain / divisor },
  });

export const meanFollowsCrop =
  (follows: boolean): Change =>
  (config) => ({ ...config, augmentation: { ...config.augmentation, meanFollowsCrop: follows } });
