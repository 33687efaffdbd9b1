// The one window: opened where it was, kept where it goes, brought back from the background.
import type { ElectronParts, Preventable, Window } from './electron-parts.ts';
import { pageUrl, screenUrl } from './origin.ts';
import { placeWindow, smallestWindow, type WindowStateFile } from './window-state.ts';

/** Of the page's dark theme, so that nothing flashes before it is drawn. */
const backgroundColor = '#15171a';
/** While the window is dragged its place is not worth keeping. */
const keepAfterMs = 500;
/** A page that dies again and again is not loaded for ever. */
const mostReloads = 3;

export interface MainWindowParts {
  electron: Pick<ElectronParts, 'createWindow' | 'workAreas'>;
  state: WindowStateFile;
  preload: string;
  devTools: boolean;
  onClose: (event: Preventable) => void;
  log: (line: string) => void;
}

export class MainWindow {
  readonly window: Window;
  readonly #state: WindowStateFile;
  #keeping: NodeJS.Timeout | undefined;
  #reloads = 0;

  constructor({ electron, state, preload, devTools, onClose, log }: MainWindowParts) {
    this.#state = state;
    const { maximized, ...place } = placeWindow(state.read(), electron.workAreas());
    const window = electron.createWindow({
      title: 'AlexNet Studio',
      ...place,
      minWidth: smallestWindow.width,
      minHeight: smallestWindow.height,
      show: false,
      backgroundColor,
      webPreferences: {
        preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        webviewTag: false,
        spellcheck: false,
        devTools,
      },
    });
    this.window = window;
    window.once('ready-to-show', () => {
      if (maximized) window.maximize();
      window.show();
    });
    const later = () => {
      clearTimeout(this.#keeping);
      this.#keeping = setTimeout(() => this.keepPlace(), keepAfterMs);
    };
    window.on('resize', later);
    window.on('move', later);
    window.on('maximize', later);
    window.on('unmaximize', later);
    window.on('close', onClose);
    window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
      if (reason === 'clean-exit') return;
      log(`the page's process is gone: ${reason} (${exitCode})`);
      if (this.#reloads++ < mostReloads) this.load(pageUrl, log);
    });
    this.load(pageUrl, log);
  }

  load(url: string, log: (line: string) => void): void {
    this.window.loadURL(url).catch((error: unknown) => log(`the page was not loaded: ${error}`));
  }

  /** To a screen of the page, which stays loaded: its address differs after the hash alone. */
  go(to: string, log: (line: string) => void): void {
    this.bringBack();
    this.load(screenUrl(to), log);
  }

  bringBack(): void {
    const { window } = this;
    if (!window.isVisible()) window.show();
    if (window.isMinimized()) window.restore();
    window.focus();
  }

  keepPlace(): void {
    clearTimeout(this.#keeping);
    const { window } = this;
    if (window.isMinimized()) return;
    this.#state.write({ ...window.getNormalBounds(), maximized: window.isMaximized() });
  }
}
