// The window's entry, and the one file that takes Electron's values: it hands them to the shell.
import { fileURLToPath } from 'node:url';
import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  type MenuItemConstructorOptions,
  MessageChannelMain,
  Notification,
  nativeImage,
  powerMonitor,
  protocol,
  screen,
  session,
  shell,
  Tray,
  utilityProcess,
} from 'electron';
import { Studio } from '../../services/studio.ts';
import { launch } from './desktop-shell.ts';
import type { ElectronParts } from './electron-parts.ts';
import { privilegedScheme } from './origin.ts';

protocol.registerSchemesAsPrivileged([privilegedScheme]);
app.setName('AlexNet Studio');

const icon = fileURLToPath(new URL('../../../resources/icons/icon.png', import.meta.url));

const electron: ElectronParts = {
  app,
  ipc: ipcMain,
  dialog: {
    // The windows are those that createWindow() made.
    showMessageBox: (window, box) => dialog.showMessageBox(window as BrowserWindow, box),
    showOpenDialog: (window, options) => dialog.showOpenDialog(window as BrowserWindow, options),
    showErrorBox: (title, content) => dialog.showErrorBox(title, content),
  },
  session: () => session.defaultSession,
  handleScheme: (scheme, handler) => protocol.handle(scheme, handler),
  createWindow: (options) => new BrowserWindow(options),
  createChannel: () => new MessageChannelMain(),
  createNotice: (notice) => (Notification.isSupported() ? new Notification(notice) : undefined),
  setMenu: (template) =>
    Menu.setApplicationMenu(Menu.buildFromTemplate(template as MenuItemConstructorOptions[])),
  createTray(menu) {
    const image = nativeImage.createFromPath(icon).resize({ width: 22, height: 22 });
    const tray = new Tray(image);
    tray.setContextMenu(Menu.buildFromTemplate(menu as MenuItemConstructorOptions[]));
    return tray;
  },
  workAreas() {
    const main = screen.getPrimaryDisplay();
    const others = screen.getAllDisplays().filter(({ id }) => id !== main.id);
    return [main, ...others].map(({ workArea }) => workArea);
  },
  openFolder: (path) => void shell.openPath(path),
  onShutdown(listener) {
    // Its type does not know of the event that the documentation promises.
    const monitor: NodeJS.EventEmitter = powerMonitor;
    monitor.on('shutdown', listener);
  },
  forkUtility: (file, args, options) => utilityProcess.fork(file, args, options),
};

const dataFolder = Studio.dataFolder();

// Not awaited: Electron becomes ready only after this file has run to its end.
void launch({
  electron,
  dataFolder,
  openStudio: (spawnHost) =>
    Studio.open({ dataDir: dataFolder, warn: (line) => console.error(line), spawnHost }),
  pageFolder: fileURLToPath(new URL('../../../renderer/dist', import.meta.url)),
  preload: fileURLToPath(new URL('preload.cjs', import.meta.url)),
  platform: process.platform,
}).then((desktop) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void desktop?.end());
});
