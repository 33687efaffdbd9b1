// A folder in the form of Electron's own, for machines that have not got its program: what is made with it can be
// looked into and its command line works, but it opens no window.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const program = `#!/bin/sh
echo "This package was made without Electron's program, so it opens no window." >&2
echo "In a browser: alexnet-studio serve" >&2
exit 1
`;

/** Makes the folder, anew. `version`: of Electron. */
export function makeStandIn(folder: string, version: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'resources'), { recursive: true });
  writeFileSync(join(folder, 'version'), version);
  for (const name of ['electron', 'chrome-sandbox', 'chrome_crashpad_handler']) {
    writeFileSync(join(folder, name), program);
    chmodSync(join(folder, name), 0o755);
  }
  writeFileSync(join(folder, 'LICENSE'), "Electron's licence comes with its program.\n");
  writeFileSync(join(folder, 'LICENSES.chromium.html'), '<p>It comes with the program.</p>\n');
}
