// Every setting of a run, in plain words. What the paper used is read from its preset, not written here again.
import { learningSettings } from './learning-settings.ts';
import { netSettings } from './net-settings.ts';
import type { SettingGroup } from './setting-types.ts';

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
  learningSettings,
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
  netSettings,
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
