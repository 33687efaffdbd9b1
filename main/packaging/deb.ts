// The Debian package of the unpacked application, by dpkg-deb alone: electron-builder would download a tool for it.
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from '../setup/execute.ts';
import { root } from '../setup/source-files.ts';

export interface DebRequest {
  /** The unpacked application. */
  folder: string;
  output: string;
  version: string;
  /** Packs quickly instead of small. */
  fast: boolean;
}

const debian = join(import.meta.dirname, 'debian');

/** Where the package is. Throws with what the tools say. */
export async function makeDeb({ folder, output, version, fast }: DebRequest): Promise<string> {
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const made = join(output, `alexnet-studio_${version}_${arch}.deb`);
  rmSync(made, { force: true });
  // Its licence becomes the package's.
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const settings = join(output, 'deb.json');
  const options = {
    name: 'alexnet-studio',
    productName: 'AlexNet Studio',
    genericName: 'Neural network training',
    description: 'Train AlexNet as in 2012, keep every run, classify your own photos',
    maintainer: 'AlexNet Studio',
    section: 'science',
    categories: ['Science', 'Education'],
    bin: 'resources/bin/alexnet-studio',
    icon: join(root, 'resources', 'icons', 'icon.png'),
    desktopTemplate: join(debian, 'desktop.ejs'),
    // What the engine's symbols need; Ubuntu 22.04 and Debian 12 have it.
    depends: ['libc6 (>= 2.34)', 'libstdc++6 (>= 11)'],
    scripts: { postinst: join(debian, 'postinst.sh'), prerm: join(debian, 'prerm.sh') },
    compression: fast ? 'none' : 'xz',
  };
  writeFileSync(settings, JSON.stringify(options));
  const args = ['--src', folder, '--dest', output, '--arch', arch, '--config', settings];
  const { ok, output: said } = await execute('electron-installer-debian', args);
  rmSync(settings);
  if (!ok || !existsSync(made)) throw new Error(`${said.trimEnd()}\nno .deb was made: is dpkg-deb there?`);
  return made;
}
