// A studio in a folder of its own with the fake engine, and folders of files that the fake takes for photos.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SpawnHost } from '../../engine/client.ts';
import type { FakeOptions } from '../../engine/fake-addon.ts';
import { forkHost, hostEntry } from '../../engine/fork-host.ts';
import { loadAddon } from '../../engine/load-addon.ts';
import { Studio } from '../studio.ts';

const fakeEngine = fileURLToPath(new URL('fake-engine.ts', import.meta.url));

export type { FakeOptions } from '../../engine/fake-addon.ts';

/** What a process needs to run with the fake engine. */
export function fakeEnvironment(options: Partial<FakeOptions> = {}): NodeJS.ProcessEnv {
  return { ...process.env, ALEXNET_STUDIO_ADDON: fakeEngine, ALEXNET_STUDIO_FAKE: JSON.stringify(options) };
}

export class TestFolder {
  readonly root = mkdtempSync(join(tmpdir(), 'alexnet-services-'));
  readonly warnings: string[] = [];
  #studios: Studio[] = [];

  /** Opens the data directory, as a start of the application does. `around`: what stands between it and its hosts. */
  open(options: Partial<FakeOptions> = {}, around = (spawn: SpawnHost): SpawnHost => spawn): Studio {
    const studio = Studio.open({
      dataDir: join(this.root, 'home'),
      warn: (line) => this.warnings.push(line),
      spawnHost: around(forkHost(hostEntry, fakeEnvironment(options))),
      loadAddon: () => loadAddon(fakeEngine),
    });
    this.#studios.push(studio);
    return studio;
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), content);
  }

  delete(path: string): void {
    rmSync(this.path(path));
  }

  touch(...paths: string[]): void {
    for (const path of paths) {
      mkdirSync(dirname(this.path(path)), { recursive: true });
      writeFileSync(this.path(path), 'x');
    }
  }

  /** Three classes, the fake's number; one file cannot be read. */
  photos(): { train: string; val: string } {
    for (const name of ['a', 'b', 'c']) {
      for (let i = 0; i < 4; i++) this.touch(`photos/train/${name}/${i}.jpg`);
      this.touch(`photos/val/${name}/0.jpg`);
    }
    this.touch('photos/train/b/bad.jpg');
    return { train: this.path('photos/train'), val: this.path('photos/val') };
  }

  async remove(): Promise<void> {
    for (const studio of this.#studios) await studio.close();
    this.#studios = [];
    rmSync(this.root, { recursive: true, force: true });
  }
}
