// Every setting of a run, in plain words. What the paper used is read from its preset, not written here again.
import type { RunConfig } from '../../../../main/api/run-config.ts';

export type SettingKind = 'number' | 'choice' | 'switch' | 'numbers';

export interface Setting {
  path: string;
  label: string;
  explanation: string;
  kind: SettingKind;
  options?: readonly { value: string | number; label: string }[];
  /** Only where the configuration makes it mean something. */
  shown?: (config: RunConfig) => boolean;
  /** May be left empty. */
  optional?: boolean;
  /** The paper does not speak of it. */
  own?: boolean;
}

export interface SettingGroup {
  id: string;
  title: string;
  explanation: string;
  settings: readonly Setting[];
}

const on = (value: unknown): boolean => typeof value === 'object' && value !== null;
const plateau = (config: RunConfig) => config.optimiser.schedule.kind === 'plateau';
const dropping = (config: RunConfig) => plateau(config) || config.optimiser.schedule.kind === 'steps';

export const settingGroups: readonly SettingGroup[] = [
  {
    id: 'length',
    title: 'Length and seed',
    explanation: 'How long it trains, and what makes it repeatable.',
    settings: [
      {
        path: 'epochs',
        label: 'Epochs',
        explanation:
          'How often each training image is seen. A fraction of the paper’s 90 shows whether it learns.',
        kind: 'number',
        shown: ({ epochs }) => epochs !== undefined,
      },
      {
        path: 'steps',
        own: true,
        label: 'Steps',
        explanation: 'How many batches it is trained on, instead of whole epochs.',
        kind: 'number',
        shown: ({ steps }) => steps !== undefined,
      },
      {
        path: 'seed',
        own: true,
        label: 'Seed',
        explanation:
          'Weights, order, crops and dropout follow from it: the same seed on the same device repeats the run bit for bit.',
        kind: 'number',
      },
      {
        path: 'shuffle',
        own: true,
        label: 'Shuffle the images every epoch',
        explanation:
          'Off, they are visited in the order in which they are packed, class after class: only for tests.',
        kind: 'switch',
      },
      {
        path: 'validateEveryEpochs',
        own: true,
        label: 'Validate every so many epochs',
        explanation:
          'Each validation runs the whole validation split through the net, centre crop. 0: never.',
        kind: 'number',
      },
    ],
  },
  {
    id: 'rate',
    title: 'Learning',
    explanation:
      'Stochastic gradient descent: v <- momentum * v - decay * rate * w - rate * gradient; w <- w + v.',
    settings: [
      {
        path: 'optimiser.learningRate',
        label: 'Learning rate',
        explanation:
          'The size of a step. Too high and the loss grows or is not finite, too low and nothing moves.',
        kind: 'number',
      },
      {
        path: 'optimiser.batchSize',
        label: 'Batch size',
        explanation: 'Images a step. Memory grows with it; a larger one wants a higher rate.',
        kind: 'number',
      },
      {
        path: 'optimiser.momentum',
        label: 'Momentum',
        explanation: 'The share of the last step that the next one keeps.',
        kind: 'number',
      },
      {
        path: 'optimiser.weightDecay',
        label: 'Weight decay',
        explanation:
          'Pulls weights towards zero a little each step; the paper found it matters for learning itself.',
        kind: 'number',
      },
      {
        path: 'optimiser.schedule.kind',
        label: 'Schedule',
        explanation:
          'How the rate falls: when validation stalls (the paper, by hand), at given epochs, smoothly, or never.',
        kind: 'choice',
        options: [
          { value: 'plateau', label: 'When validation stalls' },
          { value: 'steps', label: 'At given epochs' },
          { value: 'polynomial', label: 'Smoothly to zero' },
          { value: 'constant', label: 'Never' },
        ],
      },
      {
        path: 'optimiser.schedule.factor',
        label: 'Factor of a drop',
        explanation: 'The rate is multiplied by this at each drop.',
        kind: 'number',
        shown: dropping,
      },
      {
        path: 'optimiser.schedule.patience',
        label: 'Patience',
        explanation: 'Validations without a better error before the rate drops.',
        kind: 'number',
        shown: plateau,
      },
      {
        path: 'optimiser.schedule.threshold',
        label: 'Smallest improvement that counts',
        explanation: 'A fall of the top-1 error by less than this fraction counts as none.',
        kind: 'number',
        shown: plateau,
      },
      {
        path: 'optimiser.schedule.maxDrops',
        label: 'Drops at most',
        explanation: 'After these, a further stall ends the run.',
        kind: 'number',
        shown: plateau,
      },
      {
        path: 'optimiser.schedule.epochs',
        label: 'Epochs of the drops',
        explanation: 'Before each of these epochs begins; they count from 1. With commas between them.',
        kind: 'numbers',
        shown: ({ optimiser }) => optimiser.schedule.kind === 'steps',
      },
      {
        path: 'optimiser.schedule.power',
        label: 'Power',
        explanation: 'rate * (1 - step / total) ^ power; 1 is a straight line.',
        kind: 'number',
        shown: ({ optimiser }) => optimiser.schedule.kind === 'polynomial',
      },
      {
        path: 'optimiser.biasLearningRateFactor',
        label: 'Rate of biases',
        explanation: 'Times the rate of the weights. The original code used 2.',
        kind: 'number',
      },
      {
        path: 'optimiser.biasWeightDecayFactor',
        label: 'Decay of biases',
        explanation: 'Times the weight decay; 0: biases are not decayed.',
        kind: 'number',
      },
      {
        path: 'optimiser.biasRateFollowsSchedule',
        label: 'Biases follow the schedule',
        explanation: 'Off, they keep the first rate to the end, as in the original 2012 run.',
        kind: 'switch',
      },
    ],
  },
  {
    id: 'augmentation',
    title: 'Augmentation',
    explanation:
      'What is done to each image before the net sees it. The Augmentation screen shows it on your images.',
    settings: [
      {
        path: 'augmentation.crop',
        label: 'Crop',
        explanation: 'A random 224x224 part of the 256x256 square, or always the centre.',
        kind: 'choice',
        options: [
          { value: 'random', label: 'Random' },
          { value: 'centre', label: 'Centre' },
        ],
      },
      {
        path: 'augmentation.mirror',
        label: 'Mirror',
        explanation: 'Half of the images, at random, left to right.',
        kind: 'switch',
      },
      {
        path: 'augmentation.colourNoise',
        label: 'Colour noise (sigma)',
        explanation:
          'Shifts all pixels of an image along the data set’s colour axes; 0 is off. Worth over 1 % top-1 in the paper.',
        kind: 'number',
      },
      {
        path: 'augmentation.mean',
        label: 'Mean subtracted',
        explanation: 'The mean image of the training set, pixel by pixel; or one mean colour; or nothing.',
        kind: 'choice',
        options: [
          { value: 'image', label: 'Mean image' },
          { value: 'rgb', label: 'Mean colour' },
          { value: 'none', label: 'Nothing' },
        ],
      },
      {
        path: 'augmentation.meanFollowsCrop',
        label: 'The mean moves with the crop',
        explanation: 'Off, the mean image’s centre is subtracted from every crop, as the original code did.',
        kind: 'switch',
        shown: ({ augmentation }) => augmentation.mean === 'image',
      },
      {
        path: 'augmentation.gain',
        label: 'Gain',
        explanation:
          'The input is multiplied by this after the mean is subtracted. 1 leaves grey levels, 1/64 gives a deviation of about 1.',
        kind: 'number',
      },
    ],
  },
  {
    id: 'device',
    title: 'Device and checkpoints',
    explanation: 'Where it computes, how exactly, and what is kept.',
    settings: [
      {
        path: 'precision',
        own: true,
        label: 'Precision',
        explanation: 'bf16 computes in half the bits with fp32 master weights: faster, a little less exact.',
        kind: 'choice',
        options: [
          { value: 'fp32', label: 'fp32' },
          { value: 'tf32', label: 'tf32' },
          { value: 'bf16', label: 'bf16' },
        ],
      },
      {
        path: 'threads',
        own: true,
        label: 'Threads',
        explanation: 'Processor threads; 0: all cores.',
        kind: 'number',
      },
      {
        path: 'checkpoints.keepLast',
        own: true,
        label: 'Checkpoints kept',
        explanation: 'The newest so many, besides the best.',
        kind: 'number',
      },
      {
        path: 'checkpoints.everyMinutes',
        own: true,
        label: 'Checkpoint every so many minutes',
        explanation:
          'Besides those at the end of epochs; 0: never by time. After a crash at most so much is lost.',
        kind: 'number',
      },
      {
        path: 'checkpoints.everySteps',
        own: true,
        label: 'Checkpoint every so many steps',
        explanation: '0: only by time and at the end of epochs.',
        kind: 'number',
      },
    ],
  },
  {
    id: 'net',
    title: 'Net',
    explanation: 'The shape of the net. The presets cover the published ones; change it to try your own.',
    settings: [
      {
        path: 'net.columns',
        label: 'Columns',
        explanation:
          'Two halves that exchange only before conv3 and the fully connected layers, each on its own device if there are two.',
        kind: 'choice',
        options: [
          { value: 1, label: 'One' },
          { value: 2, label: 'Two' },
        ],
      },
      {
        path: 'net.widthFactor',
        label: 'Width factor',
        explanation:
          'Every layer but the last as wide times this; 0.25 trains on a processor in minutes. Empty: as it is.',
        kind: 'number',
        optional: true,
        own: true,
      },
      {
        path: 'net.activation',
        label: 'Activation',
        explanation: 'ReLU reached 25 % training error six times faster than tanh in the paper.',
        kind: 'choice',
        options: [
          { value: 'relu', label: 'ReLU' },
          { value: 'tanh', label: 'tanh' },
          { value: 'sigmoid', label: 'Sigmoid' },
        ],
      },
      {
        path: 'net.dropout',
        label: 'Dropout',
        explanation:
          'Share of units switched off at random in fc6 and fc7 during training. Without it the paper’s net overfits.',
        kind: 'number',
        shown: ({ net }) => net.dropout !== undefined,
      },
      {
        path: 'net.dropoutScale',
        label: 'Dropout is made up for',
        explanation:
          'By smaller outputs at test (the paper) or by larger ones in training: the same function.',
        kind: 'choice',
        options: [
          { value: 'test', label: 'At test' },
          { value: 'training', label: 'In training' },
        ],
        shown: ({ net }) => net.dropoutScale !== undefined,
      },
      {
        path: 'net.init.kind',
        label: 'First weights',
        explanation:
          'Drawn from a normal distribution with one deviation for all layers, or scaled to each layer’s inputs (He).',
        kind: 'choice',
        options: [
          { value: 'gaussian', label: 'One deviation' },
          { value: 'he', label: 'He' },
        ],
        shown: ({ net }) => net.init !== undefined,
      },
      {
        path: 'net.init.sigma',
        label: 'Deviation of the first weights',
        explanation: '0.01 in the paper. With it and biases of 1 the loss can stay at ln(classes) for long.',
        kind: 'number',
        shown: ({ net }) => net.init?.kind === 'gaussian',
      },
      {
        path: 'net.lrn',
        label: 'Response normalisation',
        explanation:
          'Each unit is divided by the activity of its neighbours in other maps. Worth 1.4 % top-1 in the paper.',
        kind: 'switch',
      },
      {
        path: 'net.lrn.size',
        label: 'Maps summed over (n)',
        explanation: 'Neighbouring maps of the same column.',
        kind: 'number',
        shown: ({ net }) => on(net.lrn),
      },
      {
        path: 'net.lrn.k',
        label: 'k',
        explanation: 'b = a / (k + alpha * sum a^2) ^ beta.',
        kind: 'number',
        shown: ({ net }) => on(net.lrn),
      },
      {
        path: 'net.lrn.alpha',
        label: 'alpha',
        explanation: 'Strength. The paper’s text and its code differ by n here: see the next line.',
        kind: 'number',
        shown: ({ net }) => on(net.lrn),
      },
      {
        path: 'net.lrn.alphaOverN',
        label: 'Divide alpha by n',
        explanation: 'On in the original code, PyTorch, Caffe and cuDNN; off in the paper’s formula.',
        kind: 'switch',
        shown: ({ net }) => on(net.lrn),
      },
      {
        path: 'net.lrn.beta',
        label: 'beta',
        explanation: 'The exponent.',
        kind: 'number',
        shown: ({ net }) => on(net.lrn),
      },
      {
        path: 'net.pooling.size',
        label: 'Pooling window',
        explanation: '3 with a stride of 2 overlaps: worth 0.4 % top-1 in the paper over 2 with 2.',
        kind: 'number',
        shown: ({ net }) => net.pooling !== undefined,
      },
      {
        path: 'net.pooling.stride',
        label: 'Pooling stride',
        explanation: 'The distance between windows.',
        kind: 'number',
        shown: ({ net }) => net.pooling !== undefined,
      },
    ],
  },
];

/** A setting that is switched on or to another kind gets these values. */
export const initialValues: Record<string, unknown> = {
  'optimiser.schedule.kind=plateau': {
    kind: 'plateau',
    factor: 0.1,
    patience: 3,
    threshold: 0.001,
    maxDrops: 3,
  },
  'optimiser.schedule.kind=steps': { kind: 'steps', epochs: [], factor: 0.1 },
  'optimiser.schedule.kind=polynomial': { kind: 'polynomial', power: 1 },
  'optimiser.schedule.kind=constant': { kind: 'constant' },
  'net.init.kind=gaussian': { kind: 'gaussian', sigma: 0.01 },
  'net.init.kind=he': { kind: 'he' },
  'net.lrn=true': { size: 5, k: 2, alpha: 1e-4, beta: 0.75, alphaOverN: false },
  'net.lrn=false': null,
};
