// Loads the native addon; the only file that does.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AppError } from '../api/errors.ts';
import type { Addon } from './addon.ts';

const require = createRequire(import.meta.url);

/** From this folder: the build of a checkout, beside a packaged application, the build as dist/app sees it. */
const places = ['../../native/build/release', '../../../native', '../../../../native/build/release'];

/** Where the addon lies: what ALEXNET_STUDIO_ADDON says, or the first of the places that has it. */
export function addonPath(): string {
  const named = process.env.ALEXNET_STUDIO_ADDON;
  if (named !== undefined && named !== '') return named;
  const files = places.map((place) => join(import.meta.dirname, place, 'alexnet.node'));
  return files.find((file) => existsSync(file)) ?? files[0] ?? '';
}

/** Throws ENGINE_MISSING, which says why the addon cannot be used and what to do. */
export function loadAddon(path: string = addonPath()): Addon {
  if (!existsSync(path)) {
    throw new AppError(
      'ENGINE_MISSING',
      `The engine is not built: there is no ${path}. "npm start" and "npm test" build it.`,
      { path },
    );
  }
  try {
    return require(path) as Addon;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError(
      'ENGINE_MISSING',
      `The engine does not load: ${reason}. Where a library is missing install it; otherwise delete ` +
        'native/build and run "npm start", which builds the engine again.',
      { path },
      { cause: error },
    );
  }
}
