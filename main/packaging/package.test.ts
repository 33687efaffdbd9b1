// What is installed on users' machines, made here and looked into. Electron's program is always the stand-in, so that
// the test is the same everywhere; that the window opens is smoke.test.ts's to see.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimePackages } from '../setup/build.ts';
import { root } from '../setup/source-files.ts';
import { makePackage, type Package } from './package.ts';

const built = join(root, 'native', 'build', 'release', 'alexnet.node');
const possible = process.platform === 'linux' && existsSync(built);
const reason = possible ? '' : ' [skipped: the engine is not built, or this is not Linux]';

/** A picture of one pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe.skipIf(!possible)(`the packaged application${reason}`, () => {
  let scratch = '';
  let made: Package;
  let resources = '';
  let app = '';

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'alexnet-package-'));
    const lines: string[] = [];
    made = await makePackage({
      output: scratch,
      folderOnly: false,
      installers: false,
      fast: true,
      standIn: true,
      say: (line) => lines.push(line),
    });
    expect(lines.join('\n')).toContain('STAND-IN');
    resources = join(made.folder, 'resources');
    app = join(resources, 'app');
  }, 400_000);
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  function files(folder: string): string[] {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  }

  /** As a user runs it, with nothing of this checkout in the environment. */
  function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}) {
    return spawnSync(program, args, {
      cwd: scratch,
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', HOME: scratch, ...env },
    });
  }
  const command = () => join(resources, 'bin', 'alexnet-studio');
  const node = () => join(resources, 'bin', 'node');

  it('has the migrations, presets, names and screens of the checkout', () => {
    for (const folder of ['migrations', 'resources', 'renderer/dist'])
      expect(files(join(app, folder)), folder).toEqual(files(join(root, folder)));
    expect(readFileSync(join(app, 'renderer/dist/index.html'), 'utf8')).toContain('<div id="app">');
  });

  it('has the packages that it needs, and of no other system', () => {
    const packages = readdirSync(join(app, 'node_modules'));
    for (const name of runtimePackages)
      expect(existsSync(join(app, 'node_modules', name, 'package.json'))).toBe(true);
    for (const name of ['vue', 'vite', 'typescript', 'electron', 'chart.js', 'node-addon-api'])
      expect(packages).not.toContain(name);
    const binaries = files(join(app, 'node_modules')).filter((file) => file.endsWith('.node'));
    expect(binaries).toEqual([`better-sqlite3/prebuilds/${process.platform}-${process.arch}.node`]);
    expect(existsSync(join(app, 'node_modules/better-sqlite3/src'))).toBe(false);
  });

  it('has no sources, tests or machine paths', () => {
    const own = files(join(app, 'main')).filter((file) => statSync(join(app, 'main', file)).isFile());
    expect(own.filter((file) => !/\.c?js$/.test(file))).toEqual([]);
    expect(own.filter((file) => /test|look-alike|setup\//.test(file))).toEqual([]);
    for (const file of own) expect(readFileSync(join(app, 'main', file), 'utf8'), file).not.toContain(root);
  });

  it('has a preload script of one file that requires Electron alone', () => {
    const text = readFileSync(join(app, 'main/shells/electron/preload.cjs'), 'utf8');
    expect([...text.matchAll(/require\(([^)]*)\)/g)].map(([, name]) => name)).toEqual(['"electron"']);
    expect(text).not.toMatch(/^import /m);
    expect(readFileSync(join(app, 'main/shells/electron/main.js'), 'utf8')).toContain('preload.cjs');
  });

  it('loads all of the window but Electron itself', () => {
    const file = join(app, 'main/shells/electron/desktop-shell.js');
    const { status, stderr } = run(node(), [
      '-e',
      `import(${JSON.stringify(file)}).then((m) => process.exit(m.launch ? 0 : 3))`,
    ]);
    expect([status, stderr]).toEqual([0, '']);
  });

  it('loads the engine in Node, with every library from its own folder', () => {
    const native = join(resources, 'native');
    const script = `
      const { version } = require(${JSON.stringify(join(native, 'alexnet.node'))});
      console.log(JSON.stringify({ version, loaded: process.report.getReport().sharedObjects }));`;
    const { stdout, stderr } = run(node(), ['-e', script]);
    expect(stderr).toBe('');
    const { version, loaded } = JSON.parse(stdout) as { version: string; loaded: string[] };
    expect(version).toMatch(/^\d+\.\d+/);
    const beside = files(native).filter((file) => /\.so(\.|$)/.test(file) && file !== 'libalexnet_cuda.so');
    expect(beside).toEqual(expect.arrayContaining(['libdnnl.so.2', 'libgomp.so.1']));
    for (const name of beside) expect(loaded, name).toContain(join(native, name));
    const others = loaded.filter((path) => !path.startsWith(native)).map((path) => path.split('/').at(-1));
    for (const name of others)
      expect(name).toMatch(/^((linux-vdso|ld-linux[^.]*|lib(c|m|dl|pthread|rt|stdc\+\+|gcc_s))\.so|node$)/);
  });

  it('has the CUDA plug-in where it was built, and licences of the libraries', () => {
    const plugin = existsSync(join(root, 'native/build/release/libalexnet_cuda.so'));
    expect(existsSync(join(resources, 'native/libalexnet_cuda.so'))).toBe(plugin);
    if (existsSync('/usr/bin/dpkg'))
      expect(readdirSync(join(resources, 'native/licences')).join()).toContain('libdnnl');
  });

  it('runs the command line, also through a link, with the engine in a process of its own', () => {
    for (const name of ['a', 'b']) {
      mkdirSync(join(scratch, 'photos', name), { recursive: true });
      for (const file of ['1.png', '2.png']) writeFileSync(join(scratch, 'photos', name, file), png);
    }
    const link = join(scratch, 'linked');
    symlinkSync(command(), link);
    const data = ['--data-dir', join(scratch, 'data')];
    const add = [
      'dataset',
      'add',
      '--name',
      'dots',
      '--train',
      join(scratch, 'photos'),
      '--val-fraction',
      '0.5',
    ];
    const added = run(link, [...data, '--json', ...add]);
    expect([added.status, added.stderr]).toEqual([0, expect.any(String)]);
    const listed = run(link, [...data, '--json', 'dataset', 'list']);
    expect(listed.stdout).toContain('"dots"');
    expect(run(link, ['--help']).stdout).toMatch(/^usage: alexnet-studio /);
    const devices = run(link, [...data, '--json', 'devices']);
    expect(devices.stdout).toMatch(/"id":"cpu".*"usable":true/);
  });

  it('draws the sample pictures in a thread of its own', () => {
    const file = join(app, 'main/datasets/sample/draw-sample-set.js');
    const options = { folder: join(scratch, 'sample'), trainPerClass: 1, valPerClass: 0 };
    const { status, stderr } = run(node(), [
      '-e',
      `import(${JSON.stringify(file)}).then((m) => m.drawSampleSet(${JSON.stringify(options)}))`,
    ]);
    expect([status, stderr]).toEqual([0, '']);
    const drawn = files(join(scratch, 'sample')).filter((picture) => picture.endsWith('.png'));
    expect(drawn.length).toBeGreaterThan(5);
  });

  it('serves the screens', async () => {
    const args = ['--data-dir', join(scratch, 'served'), 'serve', '--port', '0'];
    const env = { PATH: '/usr/bin:/bin', HOME: scratch };
    const child = spawn(command(), args, { cwd: scratch, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.on('close', resolve));
    try {
      const address = await new Promise<string>((resolve) =>
        createInterface({ input: child.stdout }).on(
          'line',
          (line) => line.startsWith('http') && resolve(line),
        ),
      );
      const entered = await fetch(address, { redirect: 'manual' });
      const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
      const page = await fetch(new URL('/', address), { headers: { Cookie: cookie } });
      expect(await page.text()).toContain('<div id="app">');
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  });

  it('says that it is a stand-in where the window is asked for', () => {
    const { status, stderr } = run(command(), []);
    expect(status).toBe(1);
    expect(stderr).toContain('made without Electron');
  });

  it('is a .deb with a command, a menu entry and a profile for its sandbox', () => {
    const deb = made.deb ?? '';
    const field = (name: string) => run('dpkg-deb', ['--field', deb, name]).stdout.trim();
    expect(field('Package')).toBe('alexnet-studio');
    expect(field('Depends')).toContain('libstdc++6 (>= 11)');
    expect(field('Depends')).toContain('libgtk-3-0');
    const list = run('dpkg-deb', ['--contents', deb]).stdout;
    expect(list).toContain('./usr/bin/alexnet-studio -> ../lib/alexnet-studio/resources/bin/alexnet-studio');
    for (const path of [
      'share/applications/alexnet-studio.desktop',
      'lib/alexnet-studio/resources/native/alexnet.node',
    ])
      expect(list).toContain(`./usr/${path}`);
    const control = join(scratch, 'control');
    run('dpkg-deb', ['--control', deb, control]);
    expect(readFileSync(join(control, 'postinst'), 'utf8')).toContain('apparmor-profile');
    expect(readFileSync(join(resources, 'apparmor-profile'), 'utf8')).toContain('userns,');
    // As it is unpacked the command works.
    const unpacked = join(scratch, 'unpacked');
    run('dpkg-deb', ['--extract', deb, unpacked]);
    expect(run(join(unpacked, 'usr/bin/alexnet-studio'), ['--version']).stdout.trim()).toMatch(
      /^\d+\.\d+\.\d+$/,
    );
  });
});
