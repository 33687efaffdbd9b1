// The window's place and size, kept from one start to the next, and put right where the screens have changed.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type WindowState, windowStateSchema } from '../../api/window.ts';
import type { Rectangle } from './electron-parts.ts';

export const smallestWindow = { width: 1024, height: 640 };
const first: WindowState = { width: 1440, height: 900, maximized: false };

/** So much of the upper edge must be on a screen that the window can be taken hold of. */
const graspable = { width: 160, height: 40 };

function overlap(from: number, length: number, otherFrom: number, otherLength: number): number {
  return Math.min(from + length, otherFrom + otherLength) - Math.max(from, otherFrom);
}

function holds(area: Rectangle, { x, y, width }: Rectangle): boolean {
  return (
    overlap(x, width, area.x, area.width) >= graspable.width &&
    overlap(y, graspable.height, area.y, area.height) >= graspable.height
  );
}

function within(length: number, smallest: number, available: number): number {
  return Math.round(Math.max(smallest, Math.min(length, available)));
}

/**
 * Where the window goes. `areas`: where windows may lie, the main display's first. Of a place that is on no screen the
 * size is kept, as far as it fits, and the system chooses the place (x and y are left out).
 */
export function placeWindow(kept: WindowState | undefined, areas: readonly Rectangle[]): WindowState {
  const { width, height, maximized, x, y } = kept ?? first;
  const wanted = x === undefined || y === undefined ? undefined : { x, y, width, height };
  const on = wanted === undefined ? undefined : areas.find((area) => holds(area, wanted));
  const area = on ?? areas[0];
  const size = {
    width: within(width, smallestWindow.width, area?.width ?? width),
    height: within(height, smallestWindow.height, area?.height ?? height),
  };
  if (on === undefined || wanted === undefined) return { ...size, maximized };
  return { x: wanted.x, y: wanted.y, ...size, maximized };
}

export class WindowStateFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Undefined where nothing was kept, or nothing of use. */
  read(): WindowState | undefined {
    try {
      return windowStateSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      return undefined;
    }
  }

  /** Whole or not at all. Where it cannot be kept the next window opens as the first one did. */
  write(state: WindowState): void {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      const unfinished = `${this.#file}.part`;
      writeFileSync(unfinished, JSON.stringify(state));
      renameSync(unfinished, this.#file);
    } catch {
      // The disk is full or not ours: nothing to lose sleep over.
    }
  }
}
