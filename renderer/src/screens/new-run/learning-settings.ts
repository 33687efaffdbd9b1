// Settings of learning: the rule, its rate and how it falls.
import type { RunConfig } from '../../../../main/api/run-config.ts';
import type { SettingGroup } from './setting-types.ts';

const plateau = (config: RunConfig) => config.optimiser.schedule.kind === 'plateau';
const dropping = (config: RunConfig) => plateau(config) || config.optimiser.schedule.kind === 'steps';

export const learningSettings: SettingGroup = {
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
};
