// The application in a window of its own: joins the services with the parts of Electron. One at a time on a data
// directory: a second start brings the first one's window to the front.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { contract } from '../../api/contract.ts';
import { toErrorReport } from '../../api/errors.ts';
import type { SpawnHost } from '../../services/engine-process.ts';
import type { Studio } from '../../services/studio.ts';
import { createRouter } from '../rpc/router.ts';
import { Background } from './background.ts';
import type { ElectronParts } from './electron-parts.ts';
import { guardContents, guardDownloads, guardSession } from './guards.ts';
import { JobWatch, noticeOf, screenOf, taskbarProgress } from './job-watch.ts';
import { MainWindow } from './main-window.ts';
import { menuTemplate } from './menu.ts';
import { scheme } from './origin.ts';
import { pageProtocol } from './page-protocol.ts';
import { offerDialogs } from './pick-dialog.ts';
import { PortServer } from './port-server.ts';
import { Quitting } from './quitting.ts';
import { utilityHost } from './utility-host.ts';
import { WindowStateFile } from './window-state.ts';

export interface ShellOptions {
  electron: ElectronParts;
  /** Where everything is kept; not opened before it is sure that this is the only one. */
  dataFolder: string;
  openStudio: (spawnHost: SpawnHost) => Studio;
  pageFolder: string;
  preload: string;
  platform: NodeJS.Platform;
}

/** Of the window itself: its place, and what Chromium keeps. */
function windowFolder(dataFolder: string): string {
  return join(dataFolder, 'window');
}

/** Begins with the application; resolves once its window is there, undefined where there is one already. */
export async function launch(options: ShellOptions): Promise<DesktopShell | undefined> {
  const { app, dialog } = options.electron;
  try {
    const folder = windowFolder(options.dataFolder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // The lock goes by this folder, so it is one for each data directory.
    app.setPath('userData', folder);
    if (!app.requestSingleInstanceLock()) {
      app.exit(0);
      return undefined;
    }
    await app.whenReady();
    return new DesktopShell(options);
  } catch (error) {
    dialog.showErrorBox('AlexNet Studio cannot start', toErrorReport(error).message);
    app.exit(1);
    return undefined;
  }
}

export class DesktopShell {
  readonly #electron: ElectronParts;
  readonly #studio: Studio;
  readonly #window: MainWindow;
  readonly #ports: PortServer;
  readonly #jobs: JobWatch;
  readonly #quitting: Quitting;
  readonly #background: Background;
  readonly #log: (line: string) => void;
  #inBackground = false;

  constructor({ electron, dataFolder, openStudio, pageFolder, preload, platform }: ShellOptions) {
    const { app, ipc, dialog } = electron;
    this.#electron = electron;
    const session = electron.session();
    guardSession(session);
    guardDownloads(session);
    this.#studio = openStudio(utilityHost(electron.forkUtility));
    const log = (line: string) => this.#studio.log(line);
    this.#log = log;
    app.on('web-contents-created', (_event, contents) => guardContents(contents, log));
    const { handlers, images, photos } = this.#studio.openApplication({ remote: false });
    electron.handleScheme(scheme, pageProtocol({ pageFolder, images, photos, log }));
    const router = createRouter(contract, handlers, { log });
    this.#ports = new PortServer({ router, ipc, createChannel: () => electron.createChannel(), log });
    offerDialogs({ ipc, dialog, window: () => this.#window.window });
    this.#quitting = new Quitting({
      running: () => this.#jobs.running,
      ask: (box) => {
        this.#window.bringBack();
        return dialog.showMessageBox(this.#window.window, box);
      },
      toBackground: () => this.#toBackground(),
      closing: () => this.#window.window.setProgressBar(2, { mode: 'indeterminate' }),
      close: () => this.#close(),
      exit: (code) => app.exit(code),
      log,
    });
    this.#background = new Background({
      createTray: (menu) => electron.createTray(menu),
      show: () => this.#bringBack(),
      quit: () => void this.#quitting.request(),
      log,
    });
    this.#window = new MainWindow({
      electron,
      state: new WindowStateFile(join(windowFolder(dataFolder), 'window.json')),
      preload,
      devTools: !app.isPackaged,
      onClose: (event) => {
        event.preventDefault();
        void this.#quitting.request();
      },
      log,
    });
    electron.setMenu(
      menuTemplate(
        {
          go: (to) => this.#window.go(to, log),
          quit: () => void this.#quitting.request(),
          openDataFolder: () => electron.openFolder(dataFolder),
        },
        { platform, developer: !app.isPackaged },
      ),
    );
    this.#jobs = new JobWatch({
      watch: (signal) => handlers.jobs.watch(undefined, signal),
      onChange: (jobs) => {
        const { value, mode } = taskbarProgress(jobs);
        this.#window.window.setProgressBar(value, { mode });
        this.#background.update(jobs);
      },
      onEnd: (job) => this.#tell(job),
      onFault: (error) => log(`watching the jobs: ${error}`),
    });
    app.on('second-instance', () => this.#bringBack());
    app.on('activate', () => this.#bringBack());
    app.on('before-quit', (event) => {
      event.preventDefault();
      void this.#quitting.request();
    });
    electron.onShutdown((event) => {
      event.preventDefault();
      void this.end();
    });
  }

  /** Without a question: what trains stops with a checkpoint. */
  end(): Promise<void> {
    return this.#quitting.now();
  }

  #bringBack(): void {
    this.#inBackground = false;
    this.#background.leave();
    this.#window.bringBack();
  }

  #toBackground(): void {
    this.#inBackground = true;
    this.#window.keepPlace();
    this.#window.window.hide();
    this.#background.enter(this.#jobs.running);
    this.#endIfIdle();
  }

  /** Whoever closed the window wanted to leave; now nothing is in the way any more. */
  #endIfIdle(): void {
    if (this.#inBackground && this.#jobs.idle) void this.end();
  }

  #tell(job: Parameters<typeof noticeOf>[0]): void {
    const { window } = this.#window;
    const notice = noticeOf(job);
    // In the window that is looked at the page itself tells it.
    if (notice !== undefined && !(window.isVisible() && window.isFocused())) {
      const shown = this.#electron.createNotice(notice);
      shown?.on('click', () => {
        this.#bringBack();
        const screen = screenOf(job);
        if (screen !== undefined) this.#window.go(screen, this.#log);
      });
      shown?.show();
    }
    this.#endIfIdle();
  }

  async #close(): Promise<void> {
    this.#background.leave();
    this.#window.keepPlace();
    this.#jobs.close();
    await this.#studio.close();
    this.#ports.close();
  }
}
