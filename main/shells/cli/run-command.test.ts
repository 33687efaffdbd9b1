import { describe, expect, it } from 'vitest';
import { AppError } from '../../api/errors.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { runCommand } from './run-command.ts';
import { programName } from './usage.ts';

async function run(argv: string[], options: { commands?: readonly Command[]; signal?: AbortSignal } = {}) {
  const written = { stdout: '', stderr: '' };
  let opened = 0;
  const status = await runCommand(argv, {
    program: 'program',
    commands: options.commands ?? commands,
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    now: () => 0,
    version: '1.2.3',
    signal: options.signal ?? new AbortController().signal,
    openStudio: () => ({
      studio: () => {
        opened++;
        throw new AppError('IO', 'nothing is to be opened here');
      },
      close: () => Promise.resolve(),
    }),
  });
  return { status, opened, ...written };
}

const failing = (error: Error): Command[] => [
  {
    words: ['fail'],
    summary: 'Fails',
    run() {
      throw error;
    },
  },
];

describe('help', () => {
  it('is shown on stdout with status 0, for all, a group and one command', async () => {
    const overall = await run(['--help']);
    expect([overall.status, overall.stderr]).toEqual([0, '']);
    for (const command of commands) expect(overall.stdout).toContain(command.words.join(' '));
    expect((await run(['train', '-h'])).stdout).toContain('--set PATH=VALUE');
    expect((await run(['help', 'runs'])).stdout).toContain('usage: program runs compare RUN RUN...');
    expect((await run(['--version'])).stdout).toBe('1.2.3\n');
  });

  it('names what works where it runs', async () => {
    expect(programName('/home/me/alexnet/main/shells/cli/main.ts')).toBe('npm run -s cli --');
    expect(programName('/usr/bin/alexnet-studio')).toBe('alexnet-studio');
    const installed = '/usr/lib/alexnet-studio/resources/app/main/shells/cli/main.js';
    expect(programName(installed)).toBe('alexnet-studio');
    expect((await run(['--help'])).stdout).toMatch(/^usage: program \[--data-dir/);
    expect((await run(['trian'])).stderr).toContain('\nprogram --help lists the commands\n');
    expect((await run(['runs', 'show'])).stderr).toContain(
      '\nusage: program runs show RUN\nprogram runs show --help',
    );
  });

  it('knows every option of the contract', async () => {
    const contract: Record<string, string[]> = {
      'dataset add': ['name', 'train', 'val', 'val-labels', 'val-fraction'],
      train: 'dataset preset set epochs steps batch devices precision threads seed init name'.split(' '),
      evaluate: ['dataset', 'split', 'crops', 'report'],
      classify: ['model', 'top', 'crops'],
      'model import': ['name', 'preset', 'labels', 'mean', 'std', 'scale'],
      'model export': ['format', 'out'],
      'ledger run': 'dataset seeds preset width epochs batch rate schedule devices precision threads'.split(
        ' ',
      ),
      serve: ['port'],
    };
    for (const [words, options] of Object.entries(contract)) {
      const { stdout } = await run([...words.split(' '), '--help']);
      for (const option of options) expect(stdout, words).toMatch(new RegExp(`--${option}\\b`));
    }
  });
});

describe('wrong arguments', () => {
  it.each([
    [['train'], '--dataset is missing'],
    [['trian'], "did you mean 'train'"],
    [['list'], "there is no command 'list'; there are: dataset, train, resume,"],
    [['-v'], "there is no option '-v' without a command"],
    [['dataset'], "after 'dataset' comes one of"],
    [['dataset', 'ad'], "there is no 'dataset ad'"],
    [['train', '--dataset', 'x', '--batch', '0'], '--batch must be at least 1'],
    [['train', '--dataset', 'x', '--epochs', 'two'], '--epochs takes a whole number'],
    [['train', '--dataset', 'x', '--precision', 'fp64'], '--precision takes fp32 or tf32 or bf16'],
    [['train', '--dataset', 'x', '--epochs', '1', '--steps', '1'], 'not both'],
    [['classify', '--model', 'x'], 'PATH... is missing'],
    [['classify', 'p', '--model', 'x', '--top', '0'], '--top must be at least 1'],
    [['evaluate', 'm', '--dataset', 'x', '--crops', '5'], '--crops takes 1 or 10'],
    [['dataset', 'add', '--name', 'n', '--train', 'd', '--val', 'v', '--val-fraction', '0.1'], 'not both'],
    [['dataset', 'add', '--name', 'n', '--train', 'd', '--val-fraction', '1'], 'between 0 and 1'],
    [['dataset', 'add', '--name', 'n', '--train', 'd', '--val-labels', 'l'], '--val-labels needs --val'],
    [['model', 'import', 'f', '--name', 'n', '--mean', '1,2'], 'three numbers'],
    [['runs', 'compare', 'one'], 'RUN RUN... is missing'],
    [['ledger', 'run', 'lrm', '--dataset', 'x'], "the ledger has no row 'lrm'; did you mean 'lrn'?"],
    [['ledger', 'run', '--dataset', 'x', '--seeds', '0'], '--seeds must be at least 1'],
    [['--data-dir'], '--data-dir needs a folder'],
    [[], 'a command is missing'],
  ])('%j: status 2 and the usage, before anything is opened', async (argv, message) => {
    const { status, stdout, stderr, opened } = await run(argv);
    expect([status, stdout, opened]).toEqual([2, '', 0]);
    expect(stderr).toMatch(/^error USAGE: /);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n').length).toBeGreaterThan(1);
  });
});

describe('failures', () => {
  it('are status 1, or 2 where an argument is to blame', async () => {
    const status = async (error: Error) => (await run(['fail'], { commands: failing(error) })).status;
    expect(await status(new AppError('NOT_FOUND', 'x'))).toBe(1);
    expect(await status(new AppError('INVALID_CONFIG', 'x'))).toBe(2);
    expect(await status(new TypeError('a fault'))).toBe(1);
  });

  it('show where a fault lies, and nothing of the kind for an expected error', async () => {
    const fault = await run(['fail'], { commands: failing(new TypeError('a fault')) });
    expect(fault.stderr).toMatch(/^error INTERNAL: a fault\nTypeError: a fault\n +at /);
    const expected = await run(['fail'], { commands: failing(new AppError('IO', 'no disk')) });
    expect(expected.stderr).toBe('error IO: no disk\n');
  });

  it('are status 130 after an interrupt, whatever ended the command', async () => {
    const signal = AbortSignal.abort();
    const cancelled = failing(new AppError('CANCELLED', 'stopped after 3 files'));
    const { status, stderr } = await run(['fail'], { commands: cancelled, signal });
    expect([status, stderr]).toEqual([130, 'error CANCELLED: stopped after 3 files\n']);
    const fine: Command[] = [{ words: ['fine'], summary: 'Is', run: () => {} }];
    expect((await run(['fine'], { commands: fine, signal })).status).toBe(130);
  });
});
