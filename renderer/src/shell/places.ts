// The screens, in the order of the navigation, with the key that goes there after g.
import type { IconName } from '../components/icon-shapes.ts';

export interface Place {
  to: string;
  label: string;
  icon: IconName;
  key: string;
  /** Words it is found by, besides its label. */
  words: string;
}

export const places: readonly Place[] = [
  { to: '/', label: 'Home', icon: 'home', key: 'h', words: 'devices gpu cpu start sample demo' },
  { to: '/runs', label: 'Runs', icon: 'runs', key: 'r', words: 'training history table compare' },
  { to: '/new-run', label: 'New run', icon: 'plus', key: 'n', words: 'train start preset settings' },
  {
    to: '/datasets',
    label: 'Data sets',
    icon: 'datasets',
    key: 'd',
    words: 'images folders add pack classes',
  },
  {
    to: '/augmentation',
    label: 'Augmentation',
    icon: 'augment',
    key: 'a',
    words: 'crop mirror colour noise preview',
  },
  {
    to: '/evaluations',
    label: 'Evaluations',
    icon: 'evaluate',
    key: 'e',
    words: 'error confusion report calibration',
  },
  { to: '/classify', label: 'Classify', icon: 'classify', key: 'c', words: 'photos predict drop folder' },
  {
    to: '/models',
    label: 'Models',
    icon: 'models',
    key: 'm',
    words: 'import export checkpoints weights safetensors',
  },
  {
    to: '/settings',
    label: 'Settings',
    icon: 'settings',
    key: 's',
    words: 'theme threads data directory disk',
  },
];
