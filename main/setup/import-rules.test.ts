import { describe, expect, it } from 'vitest';
import { checkAllImports } from './check-imports.ts';
import { findCycles } from './import-cycles.ts';
import { checkImports, zoneOf } from './import-rules.ts';

function messages(...files: [path: string, text: string][]): string[] {
  const { violations } = checkImports(files.map(([path, text]) => ({ path, text })));
  return violations.map(({ path, line, message }) => `${path}:${line}: ${message}`);
}

const refused: [what: string, path: string, text: string, message: string][] = [
  [
    'a service',
    'renderer/app.ts',
    "import { a } from '../main/services/runs.ts';",
    'may not import main/services',
  ],
  ['Node', 'renderer/app.ts', "import { join } from 'node:path';", "may not import Node's modules"],
  ['a package not listed', 'renderer/app.ts', "import electron from 'electron';", 'the package electron'],
  ['Node', 'main/api/a.ts', "import { readFileSync } from 'fs';", "may not import Node's modules (fs)"],
  [
    'data',
    'main/api/a.ts',
    "import type { Db } from '../data/open.ts';",
    'main/api may not import main/data',
  ],
  [
    'engine',
    'main/data/a.ts',
    "import { c } from '../engine/client.ts';",
    'main/data may not import main/engine',
  ],
  ['zod', 'main/data/a.ts', "import { z } from 'zod';", 'main/data may not import the package zod'],
  ['services', 'main/datasets/a.ts', "export * from '../services/a.ts';", 'main/datasets may not import'],
  [
    'data',
    'main/engine/client.ts',
    "import { o } from '../data/o.ts';",
    'main/engine may not import main/data',
  ],
  ['data', 'main/engine/a.ts', "type A = import('../data/o.ts').A;", 'main/engine may not import main/data'],
  [
    'the child process',
    'main/engine/client.ts',
    "import './host-entry.ts';",
    'main/engine may not import main/engine/host-entry.ts',
  ],
  ['electron', 'main/services/a.ts', "import { app } from 'electron';", 'the package electron'],
  ['ws', 'main/services/a.ts', "import { WebSocket } from 'ws';", 'the package ws'],
  ['http', 'main/services/a.ts', "import { get } from 'node:http';", 'may not open ports'],
  ['shells', 'main/services/a.ts', "await import('../shells/cli/a.ts');", 'may not import main/shells/cli'],
  ['data', 'main/shells/cli/a.ts', "import { o } from '../../data/o.ts';", 'may not import main/data'],
  ['electron', 'main/shells/cli/a.ts', "import { app } from 'electron';", 'the package electron'],
  ['a shell', 'main/shells/cli/a.ts', "import '../server/a.ts';", 'may not import main/shells/server'],
  ['ws', 'main/shells/electron/a.ts', "import { WebSocket } from 'ws';", 'the package ws'],
  ['vitest outside tests', 'main/data/a.ts', "import { it } from 'vitest';", 'the package vitest'],
  [
    'test helpers',
    'main/data/a.ts',
    "import './test-files.ts';",
    'only tests may import main/data/test-files.ts',
  ],
  [
    'tests',
    'main/services/a.ts',
    "import './testing/b.ts';",
    'only tests may import main/services/testing/b.ts',
  ],
  ['the root', 'main/setup/a.ts', "import '../../vitest.config.ts';", 'may not import vitest.config.ts'],
  ['a computed module', 'main/data/a.ts', 'await import(name);', 'must name its module as a literal'],
  ['the .node file', 'main/services/a.ts', 'process.dlopen(module, file);', 'only main/engine loads'],
];

describe('import rules', () => {
  it.each(refused)('refuse %s in %s: %s', (_what, path, text, message) => {
    const found = messages([path, `// A comment first.\n${text}\n`]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${path}:2: `));
    expect(found[0]).toContain(message);
  });

  it('refuse a folder that is in no zone', () => {
    expect(messages(['src/a.ts', '']).join()).toContain('no source belongs here');
    expect(messages(['main/helpers/a.ts', '']).join()).toContain('no source belongs here');
    expect(messages(['a.ts', '']).join()).toContain('no source belongs here');
  });

  it('let through what the table allows', () => {
    expect(
      messages(
        ['renderer/client/a.ts', "import type { Run } from '../../main/api/runs.ts';"],
        ['main/api/a.ts', "import { z } from 'zod';"],
        ['main/data/open.ts', "import Database from 'better-sqlite3';\nimport '../api/a.ts';"],
        [
          'main/data/runs.ts',
          "import type { Database } from 'better-sqlite3';\nimport { o } from './open.ts';",
        ],
        ['main/data/runs.test.ts', "import { it } from 'vitest';"],
        ['main/data/test-files.ts', "import { onTestFinished } from 'vitest';"],
        ['main/data/files.test.ts', "import './test-files.ts';"],
        ['main/services/testing/a.ts', "import './b.ts';"],
        ['main/engine/host-entry.ts', "import '../data/a.ts';\nimport './client.ts';"],
        ['main/engine/load-addon.ts', 'const a = createRequire(import.meta.url)(file);'],
        ['main/services/a.ts', "import '../engine/client.ts';\nimport { join } from 'node:path';"],
        [
          'main/shells/server/a.ts',
          "import { createServer } from 'node:http';\nimport { WebSocketServer } from 'ws';",
        ],
        ['main/shells/electron/a.ts', "import { app } from 'electron';"],
        ['vitest.config.ts', "import { defineConfig } from 'vitest/config';"],
      ),
    ).toEqual([]);
  });

  it('find the import in a Vue file, on its line', () => {
    const text =
      '<template>\n  <p />\n</template>\n<script setup lang="ts">\nimport a from "../main/data/a.ts";\n</script>\n';
    expect(messages(['renderer/a.vue', text])).toEqual([
      'renderer/a.vue:5: renderer may not import main/data',
    ]);
  });

  it.each([
    ['main/data', "import Database from 'better-sqlite3';", "better-sqlite3's constructor"],
    ['main/engine', 'const require = createRequire(import.meta.url);', 'the .node file'],
    ['main/shells/server', "import { createServer } from 'node:http';", 'ws and http'],
    ['main/shells/electron', "import { ipcMain } from 'electron';", "electron's ipcMain"],
    ['main/shells/electron', "import { ipcRenderer as ipc } from 'electron';", "electron's ipcRenderer"],
  ])('%s: one file alone reaches for it, tests included: %s', (folder, text, name) => {
    expect(messages([`${folder}/a.ts`, text])).toEqual([]);
    const found = messages([`${folder}/a.ts`, text], [`${folder}/a.test.ts`, text]);
    expect(found).toHaveLength(2);
    expect(found[0]).toContain(`${folder}/a.ts:1: one file alone may reach for ${name}`);
    expect(found[1]).toContain(`but ${folder}/a.ts does, too`);
  });

  it('find cycles of files', () => {
    const { edges } = checkImports([
      { path: 'main/data/a.ts', text: "import './b.ts';" },
      { path: 'main/data/b.ts', text: "\nimport type { C } from './c.ts';\nimport './d.ts';" },
      { path: 'main/data/c.ts', text: "export { a } from './a.ts';" },
      { path: 'main/data/d.ts', text: '' },
    ]);
    expect(findCycles(edges)).toEqual([
      {
        path: 'main/data/c.ts',
        line: 1,
        message: 'imports form a cycle: main/data/a.ts -> main/data/b.ts -> main/data/c.ts -> main/data/a.ts',
      },
    ]);
  });

  it('take the longest zone', () => {
    expect(zoneOf('main/a/b.ts', ['main', 'main/a', 'main/ab'])).toBe('main/a');
    expect(zoneOf('mainly/a.ts', ['main'])).toBeUndefined();
  });

  it('hold in this checkout', () => {
    const { files, violations } = checkAllImports();
    expect(files).toBeGreaterThan(50);
    expect(violations).toEqual([]);
  });
});
