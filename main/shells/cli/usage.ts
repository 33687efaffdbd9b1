// The usage texts, made from what the commands say of themselves.
import { basename, extname } from 'node:path';
import type { ArgumentSpec, OptionSpec } from './arguments.ts';

const globalOptions: Readonly<Record<string, OptionSpec>> = {
  'data-dir': { value: 'DIR', help: 'where everything is kept (or ALEXNET_STUDIO_HOME)' },
  json: { help: 'one JSON object a line on stdout, everything else on stderr' },
  quiet: { help: 'results and errors only' },
  help: { help: 'this text; after a command, that of the command' },
};

const installedName = 'alexnet-studio';

/**
 * What people type before a command: the installed program's name, or npm's way into this checkout. Installed it is
 * JavaScript, in a checkout TypeScript.
 */
export function programName(script: string): string {
  const installed = basename(script) === installedName || extname(script) === '.js';
  return installed ? installedName : 'npm run -s cli --';
}

/** 'usage: alexnet-studio dataset add --name N ...' */
export function usageLine(program: string, spec: ArgumentSpec): string {
  const parts = [program, ...spec.words];
  if (spec.positionals !== undefined) parts.push(spec.positionals);
  let optional = false;
  for (const [name, option] of Object.entries(spec.options ?? {})) {
    if (option.required === true) parts.push(`--${name} ${option.value ?? ''}`.trim());
    else optional = true;
  }
  if (optional) parts.push('[OPTIONS]');
  return `usage: ${parts.join(' ')}`;
}

export function commandUsage(program: string, spec: ArgumentSpec): string {
  const lines = [usageLine(program, spec), '', `${spec.summary}.`];
  if (spec.options !== undefined) lines.push('', ...optionLines(spec.options));
  if (spec.notes !== undefined) lines.push('', ...spec.notes);
  return `${lines.join('\n')}\n`;
}

export function overallUsage(program: string, specs: readonly ArgumentSpec[]): string {
  const width = Math.max(...specs.map((spec) => title(spec).length));
  return [
    `usage: ${program} [--data-dir DIR] [--json] [--quiet] COMMAND ...`,
    '',
    ...specs.map((spec) => `  ${title(spec).padEnd(width)}  ${spec.summary}`),
    '',
    ...optionLines(globalOptions),
    '',
    "MODEL is a model's name, or RUN, RUN@best, RUN@last, RUN@STEP; RUN is a run's id, the beginning of one, or a",
    "run's name. Exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted.",
    '',
  ].join('\n');
}

function title(spec: ArgumentSpec): string {
  return [...spec.words, ...(spec.positionals === undefined ? [] : [spec.positionals])].join(' ');
}

function optionLines(options: Readonly<Record<string, OptionSpec>>): string[] {
  const heads = Object.entries(options).map(([name, option]) => `--${name} ${option.value ?? ''}`.trim());
  const width = Math.max(...heads.map((head) => head.length));
  return Object.values(options).map((option, i) => `  ${(heads[i] ?? '').padEnd(width)}  ${option.help}`);
}
