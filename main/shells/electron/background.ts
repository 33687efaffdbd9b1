// The application without its window: an icon beside the clock says what still runs, and brings the window back.
import type { Job } from '../../api/operations/jobs.ts';
import type { ElectronParts, TrayIcon } from './electron-parts.ts';
import { taskbarProgress } from './job-watch.ts';

export interface BackgroundParts {
  createTray: ElectronParts['createTray'];
  show: () => void;
  quit: () => void;
  log: (line: string) => void;
}

/** In a few words, as the icon says it when it is pointed at. */
export function trayText(jobs: readonly Job[]): string {
  const [only, ...others] = jobs;
  if (only === undefined) return 'AlexNet Studio';
  const { value } = taskbarProgress(jobs);
  const far = value >= 0 && value <= 1 ? `, ${Math.floor(value * 100)} %` : '';
  return others.length === 0 ? `${only.title}${far}` : `${jobs.length} jobs${far}`;
}

export class Background {
  readonly #parts: BackgroundParts;
  #tray: TrayIcon | undefined;

  constructor(parts: BackgroundParts) {
    this.#parts = parts;
  }

  enter(jobs: readonly Job[]): void {
    if (this.#tray !== undefined) return;
    const { createTray, show, quit, log } = this.#parts;
    try {
      this.#tray = createTray([
        { label: 'Show AlexNet Studio', click: show },
        { type: 'separator' },
        { label: 'Quit', click: quit },
      ]);
      this.#tray.on('click', show);
    } catch (error) {
      // Not every desktop has a place for it: starting the application again brings the window back, too.
      log(`no icon beside the clock: ${error}`);
    }
    this.update(jobs);
  }

  update(jobs: readonly Job[]): void {
    this.#tray?.setToolTip(trayText(jobs));
  }

  leave(): void {
    this.#tray?.destroy();
    this.#tray = undefined;
  }
}
