// The reference table against the facts it was taken from, where a folder `shared` lies beside the checkout.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { claimDefinitions, claims } from './claims.ts';
import { loadReference } from './reference.ts';

const reference = loadReference(fileURLToPath(new URL('../../../resources/reference', import.meta.url)));
const factsFile = fileURLToPath(new URL('../../../../shared/alexnet-2012.md', import.meta.url));
const facts = existsSync(factsFile) ? readFileSync(factsFile, 'utf8') : undefined;
if (facts === undefined) console.log('skipped: no shared/alexnet-2012.md beside the checkout');

/** Rows of the first table after a heading, cells trimmed. */
function tableAfter(heading: string): string[][] {
  const text = facts ?? '';
  const lines = text.slice(text.indexOf(heading)).split('\n').slice(1);
  const from = lines.findIndex((line) => line.startsWith('|'));
  const rest = lines.slice(from);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** "37.5 / 17.0": both numbers. */
const pairs = (text: string) =>
  [...text.matchAll(/(-|\d+(?:\.\d+)?) ?\/ ?(\d+(?:\.\d+)?)/g)].map(([, a, b]) => [
    a === '-' ? null : Number(a),
    Number(b),
  ]);

const result = (id: string) => {
  const found = reference.results.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no result ${id}`);
  return found;
};
const ablation = (id: string) => {
  const found = reference.ablations.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no ablation ${id}`);
  return found;
};
const both = ({ top1, top5 }: { top1: number | null; top5: number | null }) => [top1, top5];

describe.skipIf(facts === undefined)('the reference table equals the facts', () => {
  it('in every result', () => {
    const [ten, one, five, conv6, seven, before] = [0, 1, 2, 3, 4, 5].map(
      (i) => tableAfter('## Results')[i] ?? [],
    );
    const test10 = result('2010-test-10');
    const test1 = result('2010-test-1');
    expect(pairs(ten?.[2] ?? '')).toEqual([
      both(test10),
      both(test1),
      both(test10.logged ?? test10),
      both(test1.logged ?? test1),
    ]);
    const val = result('2012-val-10');
    expect(pairs(one?.[2] ?? '')).toEqual([both(val), both(val.logged ?? val)]);
    expect(one?.[2]).toContain('#145');
    expect(val.logged?.source).toContain('#145');
    expect(pairs(five?.[2] ?? '')).toEqual([both(result('2012-val-five'))]);
    expect(pairs(conv6?.[2] ?? '')).toEqual([both(result('2012-val-conv6'))]);
    expect(pairs(seven?.[2] ?? '')).toEqual([both(result('2012-val-seven'))]);
    expect(seven?.[2]).toContain(`(${result('2012-test-seven').top5})`);
    expect(pairs(before?.[2] ?? '')).toEqual([both(result('2012-test-before'))]);
  });

  it('in every reference of one crop', () => {
    const text = facts ?? '';
    const line = text.slice(text.indexOf('One-crop references')).split('##')[0] ?? '';
    const ids = [
      '2012-val-1-170',
      '2012-val-1-c2',
      '2012-val-10-c2',
      '2012-val-1-caffe',
      '2012-val-1-torchvision',
    ];
    expect(pairs(line)).toEqual(ids.map((id) => both(result(id))));
  });

  it('in every ablation', () => {
    const rows = new Map(tableAfter('### The ablations').map(([change = '', ...cells]) => [change, cells]));
    const check = (start: string, id: string, variant: boolean) => {
      const [change, cells] = [...rows].find(([key]) => key.startsWith(start)) ?? ['', []];
      const { author, paper, measuredOn } = ablation(id);
      const [on = '', logged = '', delta = ''] = cells;
      expect(measuredOn, change).toBe(on);
      if (variant) {
        expect(pairs(logged)[0], change).toEqual(author && both(author.variant));
        if (logged.includes('vs')) expect(pairs(logged)[1], change).toEqual(author && both(author.baseline));
        for (const run of change.match(/#[\w-]+/g) ?? []) expect(author?.source, change).toContain(run);
      }
      rows.delete(change);
      return { delta, paper, author };
    };
    for (const [start, id] of [
      ['one column', 'two-columns'],
      ['no normalisation', 'lrn'],
      ['pooling 2x2', 'overlap'],
    ] as const) {
      const { delta, paper } = check(start, id, true);
      expect(pairs(delta), id).toEqual([paper && both(paper)]);
    }
    // Not published: the difference of the logs. 19.33 - 18.21 is 1.12.
    const traffic = check('no traffic', 'traffic', true);
    const difference = (rank: 'top1' | 'top5') =>
      Number(((traffic.author?.variant[rank] ?? 0) - (traffic.author?.baseline[rank] ?? 0)).toFixed(1));
    expect(pairs(traffic.delta)).toEqual([[difference('top1'), difference('top5')]]);
    expect(traffic.paper).toBeNull();
    const noise = check('no colour noise', 'colour-noise', false);
    expect(noise.delta).toBe(`over ${noise.paper?.top1} / -`);
    const depth = check('a middle conv layer', 'middle-layer', false);
    expect(depth.delta).toBe(`about ${depth.paper?.top1} / -`);
    const tanh = check('tanh', 'relu-tanh', false);
    expect(tanh.delta).toBe(`ReLU reaches 25 % training error ${tanh.paper?.ratio} times faster`);
    const dropout = check('no dropout', 'dropout', false);
    expect(dropout.delta.replaceAll('"', '')).toBe(dropout.paper?.words);
    const batch = check('batch 256', 'batch-256', true);
    expect(batch.delta).toBe(`equals #170 (${batch.author?.baseline.top1} / ${batch.author?.baseline.top5})`);
    expect([...rows.keys()], 'rows without an entry').toEqual([]);
  });

  it('in what is derived from the results: ten crops, five nets', () => {
    const [test10, test1] = [result('2010-test-10'), result('2010-test-1')];
    const [val, five] = [result('2012-val-10'), result('2012-val-five')];
    const minus = (a: number | null, b: number | null) => Number(((a ?? 0) - (b ?? 0)).toFixed(2));
    expect(both(ablation('ten-crops').paper ?? test10)).toEqual([
      minus(test1.top1, test10.top1),
      minus(test1.top5, test10.top5),
    ]);
    expect(ablation('ten-crops').author).toMatchObject({
      variant: { top1: test1.logged?.top1, top5: test1.logged?.top5 },
      baseline: { top1: test10.logged?.top1, top5: test10.logged?.top5 },
    });
    expect(both(ablation('five-nets').paper ?? val)).toEqual([
      minus(val.top1, five.top1),
      minus(val.top5, five.top5),
    ]);
  });
});

describe('the claims', () => {
  it('quote the reference in fractions, the author as the difference of what was logged', () => {
    const lrn = claims(reference).find(({ id }) => id === 'lrn');
    expect(lrn?.paper).toMatchObject({ top1: 0.014, top5: 0.012, source: 'P section 3.3' });
    expect(lrn?.author).toMatchObject({ top1: 0.0137, top5: 0.0115, source: 'S, run #148 against #145' });
  });

  it('name entries of the reference that are there, and every entry is quoted', () => {
    const quoted = claimDefinitions.flatMap(({ quotes }) => (quotes === null ? [] : [quotes]));
    expect(reference.ablations.map(({ id }) => id).sort()).toEqual([...quoted].sort());
  });
});
