import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { nameSchema } from './datasets.ts';
import { AppError } from './errors.ts';
import { parseJson, textMapSchema } from './json.ts';
import { closest, editDistance, nearest } from './nearest.ts';
import { describeIssues, listIssues, parseWith, showPath } from './parse.ts';
import { storedTrainingRecordsSchema } from './training.ts';

const schema = z.strictObject({
  size: z.union([z.number(), z.strictObject({ width: z.number() })]),
  layers: z.array(z.strictObject({ name: z.string(), width: z.number() })),
});

function issueOf(value: unknown): string {
  const result = schema.safeParse(value);
  return result.success ? 'no issue' : describeIssues(result.error, value).message;
}

describe('describeIssues', () => {
  it('names the place as people type it', () => {
    expect(issueOf({ size: 1, layers: [{ name: 'conv1', width: 'x' }] })).toBe(
      'layers.conv1.width: expected number, received string',
    );
    expect(issueOf({ size: 1, layers: [{ width: 1 }] })).toBe(
      'layers.0.name: expected string, received undefined',
    );
    expect(issueOf({ size: 1, layers: [], more: 1 })).toBe('more: there is no such field');
    expect(issueOf(7)).toBe('expected object, received number');
  });

  it('goes into the branch of a union that came furthest', () => {
    expect(issueOf({ size: { width: 'x' }, layers: [] })).toBe(
      'size.width: expected number, received string',
    );
  });
});

describe('ranges and choices', () => {
  it.each([
    [z.number().positive(), 0, 'must be more than 0'],
    [z.number().nonnegative(), -1, 'must be at least 0'],
    [z.number().lt(1), 1, 'must be less than 1'],
    [z.int().max(3), 4, 'must be at most 3'],
    [z.int(), 2 ** 60, `must be at most ${Number.MAX_SAFE_INTEGER}`],
    [z.array(z.number()).max(2), [1, 2, 3], 'must have at most 2 entries'],
    [z.array(z.number()).min(1), [], 'must have at least 1 entry'],
    [z.string().min(2), 'a', 'must have at least 2 characters'],
    [z.string().max(3, 'too long a name'), 'abcd', 'too long a name'],
    [z.enum(['relu', 'tanh']), 'ReLU', 'must be one of relu, tanh'],
    [z.literal(1), 2, 'must be 1'],
    [z.union([z.literal(1), z.literal(2)]), 3, 'must be one of 1, 2'],
    [z.union([z.number(), z.strictObject({})]), 'x', 'expected number or object, received string'],
    [z.union([z.int().positive(), z.literal('classes')]), 'x', 'expected number, or must be classes'],
  ])('%#: are told in words', (one, value, message) => {
    const result = one.safeParse(value);
    expect(result.success ? '' : describeIssues(result.error, value).message).toBe(message);
  });
});

describe('listIssues', () => {
  it('says what a field takes, for who typed into it', () => {
    const form = z.strictObject({ rate: z.number().positive(), seed: z.int(), batch: z.int().min(1) });
    const typed = { rate: 'fast', seed: 1.5, batch: 0 };
    const { error } = form.safeParse(typed);
    expect(error && listIssues(error, typed).map(({ field, message }) => `${field} ${message}`)).toEqual([
      'rate must be a number',
      'seed must be a whole number',
      'batch must be at least 1',
    ]);
  });
});

describe('parseWith', () => {
  it('throws one error with the field', () => {
    expect(parseWith(z.number(), 3, 'The number', 'USAGE')).toBe(3);
    let thrown: unknown;
    try {
      parseWith(schema, { size: 1 }, 'The thing', 'USAGE');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toEqual(
      new AppError('USAGE', 'The thing cannot be used: layers: expected array, received undefined', {
        field: 'layers',
      }),
    );
  });
});

describe('showPath', () => {
  it('survives paths that lead nowhere', () => {
    expect(showPath(['a', 0, 'b'], undefined)).toBe('a.0.b');
  });
});

describe('nearest', () => {
  it('counts edits', () => {
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('same', 'same')).toBe(0);
  });

  it('puts the likeliest first, at most as many as asked for', () => {
    const words = ['epochs', 'steps', 'optimiser.batchSize', 'optimiser.schedule.epochs'];
    expect(nearest('epoch', words, 1)).toEqual(['epochs']);
    expect(nearest('batchsize', words)[0]).toBe('optimiser.batchSize');
    expect(nearest('schedule.epochs', words)[0]).toBe('optimiser.schedule.epochs');
    expect(nearest('x', [])).toEqual([]);
  });
});

describe('closest', () => {
  it('is what was meant, or nothing', () => {
    expect(closest('trian', ['dataset', 'train'])).toBe('train');
    expect(closest('datasets', ['dataset', 'train'])).toBe('dataset');
    expect(closest('alexnet.json', ['alexnet', 'caffenet'])).toBe('alexnet');
    expect(closest('first@best', ['second', 'first'])).toBe('first');
    expect(closest('fir', ['second', 'first run'])).toBe('first run');
    expect(closest('list', ['runs', 'train'])).toBeUndefined();
    expect(closest('nothing', ['a/b', 'n'])).toBeUndefined();
    expect(closest('x', [])).toBeUndefined();
  });
});

describe('parseJson', () => {
  it('tells texts that are no JSON from those of another shape', () => {
    expect(parseJson(textMapSchema, '{"a":"b"}', 'the map', 'IO')).toEqual({ a: 'b' });
    expect(() => parseJson(textMapSchema, '{', 'the map', 'IO')).toThrow('the map holds no JSON');
    expect(() => parseJson(textMapSchema, '{"a":1}', 'the map', 'IO')).toThrow(
      'the map holds something else',
    );
  });
});

describe('stored training records', () => {
  it('bring losses that were not finite back as NaN', () => {
    const step = {
      kind: 'step',
      step: 1,
      epoch: 1,
      images: 8,
      loss: Number.NaN,
      top1Error: 1,
      top5Error: 1,
      learningRate: 0.01,
      elapsedMs: 1,
      dataWaitMs: 0,
      exchangeMs: 0,
    };
    const records = [step, { kind: 'command', command: 'stop', step: 1, steered: true, sequence: 1 }];
    expect(storedTrainingRecordsSchema.parse(JSON.parse(JSON.stringify(records)))).toEqual(records);
    expect(storedTrainingRecordsSchema.safeParse([{ kind: 'step' }]).success).toBe(false);
  });
});

describe('nameSchema', () => {
  it.each(['birds', 'Vögel 2012', 'a/b', '10'])('takes %j', (name) => {
    expect(nameSchema.parse(name)).toBe(name);
  });

  it.each(['', ' birds', 'birds ', 'a\nb', 'run@best', 'x'.repeat(201), 'a\u202eb'])('refuses %j', (name) => {
    expect(nameSchema.safeParse(name).success).toBe(false);
  });
});
