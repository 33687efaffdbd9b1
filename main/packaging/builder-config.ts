// How electron-builder makes the application, for every system.
import { join } from 'node:path';
import type { Configuration } from 'electron-builder';
import { root } from '../setup/source-files.ts';

export interface PackageOptions {
  /** Where packages go. */
  output: string;
  /** The application with its npm packages. */
  appFolder: string;
  /** Electron's own folder. */
  electronFolder: string;
  electronVersion: string;
  /** The engine's binaries and the libraries they need. */
  nativeFolder: string;
  /** It stands for Electron's folder, so that nothing can be done to its program. */
  standIn: boolean;
}

export function builderConfig(options: PackageOptions): Configuration {
  const { output, appFolder, electronFolder, electronVersion, nativeFolder, standIn } = options;
  const icon = join(root, 'resources', 'icons', 'icon.png');
  return {
    appId: 'org.alexnet-studio.app',
    productName: 'AlexNet Studio',
    copyright: 'BSD-3-Clause',
    directories: { app: appFolder, output, buildResources: join(root, 'resources', 'icons') },
    electronVersion,
    electronDist: electronFolder,
    // Node-API binaries are the same in Node and Electron: nothing is compiled anew.
    npmRebuild: false,
    nodeGypRebuild: false,
    buildDependenciesFromSource: false,
    publish: null,
    // A plain folder: the command line, which runs on plain Node, uses the same files as the window, and libraries
    // and child processes are started from where they lie.
    asar: false,
    files: ['**/*'],
    extraResources: [{ from: nativeFolder, to: 'native' }],
    ...(standIn
      ? {}
      : {
          electronFuses: {
            // Engine hosts are utility processes; the command line has a Node of its own.
            runAsNode: false,
            enableNodeOptionsEnvironmentVariable: false,
            enableNodeCliInspectArguments: false,
            grantFileProtocolExtraPrivileges: false,
            enableCookieEncryption: true,
            // There is no asar to hold to.
            onlyLoadAppFromAsar: false,
            enableEmbeddedAsarIntegrityValidation: false,
          },
        }),
    linux: {
      target: ['AppImage'],
      executableName: 'alexnet-studio',
      category: 'Science',
      icon,
      synopsis: 'Trains AlexNet and classifies photos',
      extraResources: [
        { from: join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node'), to: 'bin/node' },
        { from: join(root, 'node_modules', `node-linux-${process.arch}`, 'LICENSE'), to: 'bin/node.LICENSE' },
        { from: join(import.meta.dirname, 'launcher.sh'), to: 'bin/alexnet-studio' },
        { from: join(import.meta.dirname, 'debian', 'alexnet-studio.apparmor'), to: 'apparmor-profile' },
      ],
    },
    win: { target: ['nsis'], icon },
    nsis: { oneClick: false, allowToChangeInstallationDirectory: true },
    mac: { target: ['dmg'], category: 'public.app-category.developer-tools', icon, hardenedRuntime: true },
  };
}
