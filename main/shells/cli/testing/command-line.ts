// The command line in tests that need the real engine, and PyTorch beside it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout, pythonEnvironment as env } from '../../../services/testing/python.ts';

const entry = join(checkout, 'main/shells/cli/main.ts');
const addon = process.env.ALEXNET_STUDIO_ADDON ?? join(checkout, 'native/build/release/alexnet.node');
const most = 1 << 28;

/** Why tests with the engine and python are skipped; empty: they are not. */
export function skipReason(python: string | undefined, modules: string): string {
  if (!existsSync(addon)) return ` (skipped: the engine is not built, there is no ${addon})`;
  return python === undefined ? ` (skipped: there is no python3 with ${modules})` : '';
}

export class CommandLine {
  readonly root = mkdtempSync(join(tmpdir(), 'alexnet-cli-'));

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  /** What it prints with --json, line by line. */
  run(...args: string[]): Record<string, unknown>[] {
    const given = [entry, '--json', '--data-dir', this.path('home'), ...args];
    const stdout = execFileSync(process.execPath, given, {
      cwd: this.root,
      env,
      encoding: 'utf8',
      maxBuffer: most,
    });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Logits by the command line, up to a constant of each photo, by the photos' paths. */
  logits(model: string, photos: string, classes: number): number[][] {
    const answers = this.run('classify', photos, '--model', model, '--top', String(classes)) as unknown as {
      file: string;
      predictions: { class: number; probability: number }[];
    }[];
    answers.sort((a, b) => (a.file < b.file ? -1 : 1));
    return answers.map(({ predictions }) =>
      [...predictions].sort((a, b) => a.class - b.class).map(({ probability }) => Math.log(probability)),
    );
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
