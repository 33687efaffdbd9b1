// The native menu, with the keys of what is reached most.
import type { MenuItem } from './electron-parts.ts';

export interface MenuActions {
  /** To a screen. */
  go: (to: string) => void;
  quit: () => void;
  openDataFolder: () => void;
}

/** The page's screens in the order of its navigation: Ctrl+1 is the first. */
const screens: { label: string; to: string }[] = [
  { label: 'Home', to: '/' },
  { label: 'Data sets', to: '/datasets' },
  { label: 'Augmentation', to: '/augmentation' },
  { label: 'New run', to: '/new-run' },
  { label: 'Runs', to: '/runs' },
  { label: 'Evaluations', to: '/evaluations' },
  { label: 'Classify', to: '/classify' },
  { label: 'Models', to: '/models' },
  { label: 'Settings', to: '/settings' },
];

const separator: MenuItem = { type: 'separator' };

/** `developer`: with what looks into the page. */
export function menuTemplate(
  { go, quit, openDataFolder }: MenuActions,
  { platform, developer }: { platform: NodeJS.Platform; developer: boolean },
): MenuItem[] {
  const quitItem: MenuItem = { label: 'Quit', accelerator: 'CmdOrCtrl+Q', click: quit };
  const about: MenuItem = { role: 'about' };
  const mac = platform === 'darwin';
  const appMenu: MenuItem = {
    label: 'AlexNet Studio',
    submenu: [
      about,
      separator,
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      separator,
      quitItem,
    ],
  };
  return [
    ...(mac ? [appMenu] : []),
    {
      label: '&File',
      submenu: [
        { label: 'New run', accelerator: 'CmdOrCtrl+N', click: () => go('/new-run') },
        { label: 'Add a data set', accelerator: 'CmdOrCtrl+Shift+N', click: () => go('/datasets') },
        { label: 'Classify photos', accelerator: 'CmdOrCtrl+O', click: () => go('/classify') },
        separator,
        { label: 'Open the data directory', click: openDataFolder },
        separator,
        { role: 'close' },
        ...(mac ? [] : [quitItem]),
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        ...screens.map(({ label, to }, index) => ({
          label,
          accelerator: `CmdOrCtrl+${index + 1}`,
          click: () => go(to),
        })),
        separator,
        { role: 'reload' },
        ...(developer ? [{ role: 'toggleDevTools' }] : []),
        separator,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        separator,
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    ...(mac ? [] : [{ label: '&Help', submenu: [about] }]),
  ];
}
