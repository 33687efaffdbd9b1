import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './source-files.ts';
import { findMissing, installAdvice, parseRequirements } from './system-packages.mjs';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alexnet-packages-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('packages.txt', () => {
  it('has a package a line, with what shows that it is there', () => {
    expect(parseRequirements('# why\n\ncmake  program cmake # here\nlibx-dev header x/y.h\nplain\n')).toEqual(
      [
        { name: 'cmake', kind: 'program', probe: 'cmake' },
        { name: 'libx-dev', kind: 'header', probe: 'x/y.h' },
        { name: 'plain', kind: 'package', probe: 'plain' },
      ],
    );
  });

  it('is refused where a line makes no sense', () => {
    expect(() => parseRequirements('cmake\nninja file ninja\n')).toThrow('line 2: "ninja file ninja"');
    expect(() => parseRequirements('cmake program')).toThrow('line 1');
  });

  it('of the project reads', () => {
    const names = parseRequirements(readFileSync(join(root, 'main/setup/packages.txt'), 'utf8')).map(
      ({ name }) => name,
    );
    expect(names).toContain('libdnnl-dev');
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('missing packages', () => {
  const requirements = parseRequirements(
    'tool program some-tool\nlib header some/lib.h\nno-such-package-name\n',
  );

  it('are found wherever PATH and the include folders lead', () => {
    const env: NodeJS.ProcessEnv = { ...process.env, CPATH: join(folder, 'include') };
    expect(findMissing(requirements, env).map(({ name }) => name)).toEqual([
      'tool',
      'lib',
      'no-such-package-name',
    ]);

    mkdirSync(join(folder, 'include', 'some'), { recursive: true });
    writeFileSync(join(folder, 'include', 'some', 'lib.h'), '');
    writeFileSync(join(folder, 'some-tool'), '');
    chmodSync(join(folder, 'some-tool'), 0o755);
    const path = `${folder}:${env.PATH}`;
    expect(findMissing(requirements, { ...env, PATH: path }).map(({ name }) => name)).toEqual([
      'no-such-package-name',
    ]);
    expect(
      findMissing(requirements, { PATH: folder, CMAKE_PREFIX_PATH: folder }).map(({ name }) => name),
    ).toEqual(['no-such-package-name']);
  });

  it('are named with the command that installs them', () => {
    expect(installAdvice(requirements.slice(0, 2), true)).toContain(
      'sudo apt-get update && sudo apt-get install -y --no-install-recommends tool lib\n'.trim(),
    );
  });

  it('are named by what is looked for on other systems', () => {
    const advice = installAdvice(requirements.slice(0, 2), false);
    expect(advice).toContain('program some-tool');
    expect(advice).toContain('header some/lib.h');
    expect(advice).not.toContain('sudo');
  });
});
