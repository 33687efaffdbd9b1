// The screens, in the order of the navigation, with the key that goes there after g.
import type { JobKind } from '../../../main/api/operations/jobs.ts';
import type { IconName } from '../components/icon-shapes.ts';

export interface Place {
  to: string;
  label: string;
  icon: IconName;
  key: string;
  /** Words it is found by, besides its label. */
  words: string;
  /** Jobs that belong to it: how many run is said beside it. */
  jobs?: readonly JobKind[];
}

export interface PlaceGroup {
  /** Shown above its screens; empty: they need no heading. */
  title: string;
  places: readonly Place[];
}

/** In the order of the work: data, training, results. */
export const placeGroups: readonly PlaceGroup[] = [
  {
    title: '',
    places: [{ to: '/', label: 'Home', icon: 'home', key: 'h', words: 'devices gpu cpu start sample demo' }],
  },
  {
    title: 'Data',
    places: [
      {
        to: '/datasets',
        label: 'Data sets',
        icon: 'datasets',
        key: 'd',
        words: 'images folders add pack classes',
        jobs: ['addDataset', 'verifyDataset', 'findDuplicates'],
      },
      {
        to: '/augmentation',
        label: 'Augmentation',
        icon: 'augment',
        key: 'a',
        words: 'crop mirror colour noise preview',
      },
    ],
  },
  {
    title: 'Training',
    places: [
      { to: '/new-run', label: 'New run', icon: 'plus', key: 'n', words: 'train start preset settings' },
      {
        to: '/runs',
        label: 'Runs',
        icon: 'runs',
        key: 'r',
        words: 'training history table compare',
        jobs: ['train'],
      },
    ],
  },
  {
    title: 'Results',
    places: [
      {
        to: '/evaluations',
        label: 'Evaluations',
        icon: 'evaluate',
        key: 'e',
        words: 'error confusion report calibration',
        jobs: ['evaluate'],
      },
      {
        to: '/ledger',
        label: 'Ledger',
        icon: 'ledger',
        key: 'l',
        words: 'paper claims ablations reproduce reference code differences',
      },
      {
        to: '/classify',
        label: 'Classify',
        icon: 'classify',
        key: 'c',
        words: 'photos predict drop folder search label sort watch',
        jobs: ['classify', 'sortPhotos'],
      },
      {
        to: '/inside',
        label: 'Look inside',
        icon: 'inside',
        key: 'i',
        words: 'maps grad-cam occlusion nearest retrieval kernels dead units figure',
        jobs: ['buildIndex'],
      },
      {
        to: '/models',
        label: 'Models',
        icon: 'models',
        key: 'm',
        words: 'import export checkpoints weights safetensors',
        jobs: ['importModel', 'exportModel'],
      },
    ],
  },
  {
    title: '',
    places: [
      {
        to: '/settings',
        label: 'Settings',
        icon: 'settings',
        key: 's',
        words: 'theme threads data directory disk',
      },
    ],
  },
];

export const places: readonly Place[] = placeGroups.flatMap((group) => group.places);
