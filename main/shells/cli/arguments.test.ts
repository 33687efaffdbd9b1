import { describe, expect, it } from 'vitest';
import { AppError } from '../../api/errors.ts';
import { type ArgumentSpec, parseArguments, splitGlobals } from './arguments.ts';

const spec: ArgumentSpec = {
  words: ['do'],
  summary: 'Does it',
  positionals: 'FILE...',
  positionalCount: [1, 2],
  options: {
    name: { value: 'N', help: '', required: true },
    count: { value: 'C', help: '' },
    mean: { value: 'R,G,B', help: '' },
    kind: { value: 'K', help: '' },
    set: { value: 'P=V', help: '', multiple: true },
    force: { help: '' },
  },
};
const parse = (...argv: string[]) => parseArguments(spec, ['--name', 'n', ...argv]);

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError && error.code === 'USAGE') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('splitGlobals', () => {
  it('finds global options anywhere before --', () => {
    const { globals, rest } = splitGlobals([
      '--json',
      'do',
      '--data-dir',
      'd',
      'x',
      '--quiet',
      '--',
      '--json',
    ]);
    expect(globals).toMatchObject({ json: true, quiet: true, dataDir: 'd', help: false });
    expect(rest).toEqual(['do', 'x', '--', '--json']);
    expect(splitGlobals(['do', '--data-dir=e', '-h']).globals).toMatchObject({ dataDir: 'e', help: true });
    expect(refusal(() => splitGlobals(['do', '--data-dir']))).toContain('--data-dir');
  });
});

describe('parseArguments', () => {
  it('reads values of every kind', () => {
    const args = parse(
      'a',
      '--count',
      '7',
      '--mean=1,2.5,-3',
      '--kind',
      'k',
      '--set',
      'x=1',
      '--set=y=2',
      '--force',
    );
    expect(args.positionals).toEqual(['a']);
    expect(args.required('name')).toBe('n');
    expect(args.integer('count', 1)).toBe(7);
    expect(args.triple('mean')).toEqual([1, 2.5, -3]);
    expect(args.choice('kind', ['j', 'k'])).toBe('k');
    expect(args.list('set')).toEqual(['x=1', 'y=2']);
    expect(args.has('force')).toBe(true);
    expect(parse('a').integer('count', 1)).toBeUndefined();
  });

  it('takes files that begin with a dash as ./-x or after --', () => {
    expect(parse('./-x.jpg').positionals).toEqual(['./-x.jpg']);
    expect(parse('--', '-x.jpg').positionals).toEqual(['-x.jpg']);
  });

  it('takes negative numbers as values', () => {
    expect(parse('a', '--mean', '-1,2.5,-3').triple('mean')).toEqual([-1, 2.5, -3]);
    expect(parse('a', '--count', '-.5').number('count')).toBe(-0.5);
    expect(refusal(() => parse('a', '--count', '-1').integer('count', 1))).toContain('at least 1, not -1');
    expect(parse('--', '-1').positionals).toEqual(['-1']);
    expect(refusal(() => parse('a', '--force', '-1'))).toContain("there is no option '-1'");
  });

  it('says what is wrong', () => {
    expect(refusal(() => parse('a', '--wrong'))).toBe("there is no option '--wrong'");
    expect(refusal(() => parse('a', '--counts=3'))).toBe(
      "there is no option '--counts'; did you mean '--count'?",
    );
    expect(refusal(() => parse('a', '--jsno'))).toContain("did you mean '--json'?");
    expect(refusal(() => parse('a', '-x'))).toBe("there is no option '-x'");
    expect(refusal(() => parse('a', '--count'))).toBe('--count needs a value, C');
    expect(refusal(() => parse('a', '--count', '--kind', 'k'))).toBe(
      '--count needs a value, C; one that begins with a dash is given as --count=-...',
    );
    expect(refusal(() => parse('a', '--force=yes'))).toBe('--force takes no value');
    expect(refusal(() => parse())).toContain('FILE... is missing');
    expect(refusal(() => parse('a', 'b', 'c'))).toContain("'c' is one argument too many");
    expect(refusal(() => parse('a', '--name', 'm'))).toContain('--name is given 2 times');
    expect(refusal(() => parseArguments(spec, ['a']))).toContain('--name is missing');
    expect(refusal(() => parse('a', '--count', '0').integer('count', 1))).toContain('at least 1, not 0');
    expect(refusal(() => parse('a', '--count', '1.5').integer('count', 1))).toContain('whole number');
    expect(refusal(() => parse('a', '--count', '1e400').number('count'))).toContain('takes a number');
    expect(refusal(() => parse('a', '--mean', '1,2').triple('mean'))).toContain('three numbers');
    expect(refusal(() => parse('a', '--kind', 'z').choice('kind', ['j', 'k']))).toContain('j or k');
    expect(refusal(() => parse(''))).toContain('empty');
  });
});
