// Settings of the net as a whole; its layers have a table of their own.
import type { SettingGroup } from './setting-types.ts';

const on = (value: unknown): boolean => typeof value === 'object' && value !== null;

export const netSettings: SettingGroup = {
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
      explanation: 'By smaller outputs at test (the paper) or by larger ones in training: the same function.',
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
};
