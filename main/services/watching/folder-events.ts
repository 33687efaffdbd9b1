// Tells when something happens in a folder or below it, through one watch of the system a folder. Where the system
// gives no more watches, and on disks that tell nothing, the caller's own look from time to time finds everything.
import { type FSWatcher, watch } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** Beyond this the system's own limit is near. */
const mostFolders = 4096;

export class FolderEvents {
  readonly #root: string;
  readonly #onEvent: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #closed = false;

  /** `onEvent` may come often. */
  constructor(root: string, onEvent: () => void) {
    this.#root = root;
    this.#onEvent = onEvent;
  }

  /** Watches the folders that are there now, and no others. */
  async refresh(): Promise<void> {
    const there = new Set<string>();
    await this.#enter(this.#root, there);
    for (const [folder, watcher] of this.#watchers) {
      if (there.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  async #enter(folder: string, there: Set<string>): Promise<void> {
    if (this.#closed || there.size >= mostFolders) return;
    let entries: Awaited<ReturnType<typeof opendir>>;
    try {
      entries = await opendir(folder);
    } catch {
      return; // gone, or shut: the next look tells
    }
    there.add(folder);
    this.#watch(folder);
    for await (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        await this.#enter(join(folder, entry.name), there);
    }
  }

  #watch(folder: string): void {
    if (this.#closed || this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#onEvent());
      const drop = () => {
        watcher.close();
        if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
      };
      watcher.on('error', drop);
      this.#watchers.set(folder, watcher);
    } catch {
      // The system gives no more watches.
    }
  }
}
