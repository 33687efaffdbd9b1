import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { nameSchema } from './datasets.ts';
import { AppError } from './errors.ts';
import { parseJson, textMapSchema } from './json.ts';
import { editDistance, nearest } from './nearest.ts';
import { describeIssues, parseWith, showPath } from './parse.ts';
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

  it.each(['', ' birds', 'birds ', 'a\nb', 'run@best', 'x'.repeat(201)])('refuses %j', (name) => {
    expect(nameSchema.safeParse(name).success).toBe(false);
  });
});
