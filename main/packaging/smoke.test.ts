// The real application in a real window, wherever Electron's program and a screen are; otherwise skipped, with the
// reason in its name.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appFolder, buildPart } from '../setup/build.ts';
import { findElectron, thisMachine, whyNoWindow } from '../setup/electron-program.ts';

const program = findElectron();
const missing = program === undefined ? "Electron's program is not here" : whyNoWindow(thisMachine);

describe.skipIf(missing !== undefined)(
  `the window${missing === undefined ? '' : ` [skipped: ${missing}]`}`,
  () => {
    let scratch = '';
    let running: ElectronApplication | undefined;

    beforeAll(() => {
      scratch = mkdtempSync(join(tmpdir(), 'alexnet-smoke-'));
    });
    afterAll(async () => {
      await running?.close();
      rmSync(scratch, { recursive: true, force: true });
    });

    it('shows the home screen, which the services answer', { timeout: 180_000 }, async () => {
      await buildPart('app', () => {});
      running = await _electron.launch({
        ...(program === undefined ? {} : { executablePath: program }),
        args: [appFolder],
        env: { ...(process.env as Record<string, string>), ALEXNET_STUDIO_HOME: scratch },
      });
      const page = await running.firstWindow();
      await page.getByRole('heading', { name: 'Home' }).waitFor({ timeout: 60_000 });
      expect(page.url()).toMatch(/^app:\/\/studio\//);
      // The processor is named by the engine, through the port.
      await page.getByText('CPU').first().waitFor({ timeout: 60_000 });
      // Nothing of Node is in the page.
      expect(await page.evaluate('[typeof require, typeof process].join()')).toBe('undefined,undefined');
    });
  },
);
