import { describe, expect, it } from 'vitest';
import type { EvaluationSummary } from '../../api/evaluation.ts';
import { classResults, confusedPairs } from './confusion.ts';
import { evaluationReport } from './evaluation-report.ts';

const names = ['cat', '<b>dog</b>', 'empty', 'fox'];
const summary: EvaluationSummary = {
  images: 10,
  loss: 1.25,
  top1Error: 0.4,
  top5Error: 0.1,
  classImages: [4, 4, 0, 2],
  classTop5Hits: [4, 3, 0, 2],
  confusion: [
    [0, 0, 3],
    [0, 1, 1],
    [1, 1, 1],
    [1, 0, 2],
    [1, 3, 1],
    [3, 3, 2],
  ],
  top1Interval: [0.1, 0.7],
  top5Interval: null,
  calibration: [],
};

describe('classResults', () => {
  it('gives errors, precision and the class most often answered instead', () => {
    const [cat, dog, empty, fox] = classResults(summary, names);
    expect(cat).toMatchObject({ images: 4, top1Error: 0.25, top5Error: 0, precision: 3 / 5 });
    expect(dog).toMatchObject({ top1Error: 0.75, top5Error: 0.25, precision: 1 / 2 });
    expect(dog?.mistakenFor).toEqual({ label: 0, name: 'cat', count: 2 });
    expect(empty).toMatchObject({ top1Error: null, top5Error: null, precision: null, mistakenFor: null });
    expect(fox).toMatchObject({ top1Error: 0, precision: 2 / 3, mistakenFor: null });
  });
});

describe('confusedPairs', () => {
  it('puts the most frequent mistake first and leaves right answers out', () => {
    expect(confusedPairs(summary, names, 2).map((p) => [p.true, p.answered, p.count, p.share])).toEqual([
      [1, 0, 2, 0.5],
      [0, 1, 1, 0.25],
    ]);
  });
});

describe('evaluationReport', () => {
  const facts = {
    model: 'my <run>@best',
    dataset: 'photos & more',
    split: 'val',
    crops: 10,
    ties: 'first',
    presets: ['alexnet'],
    averaged: [],
    parameters: 60_965_224,
    checkpointStep: 120,
    names,
    summary,
    elapsedMs: 2000,
    createdAt: Date.UTC(2026, 0, 2, 3, 4),
  } as const;

  it('holds the figures, needs nothing from elsewhere and lets no name become markup', () => {
    const html = evaluationReport(facts);
    for (const text of [
      '40.00 %',
      '10.00 %',
      '1.2500',
      '10.00 % to 70.00 %',
      '60,965,224',
      '5.0 images a second',
      '2026-01-02 03:04',
    ]) {
      expect(html).toContain(text);
    }
    expect(html).not.toContain('<b>dog');
    expect(html).not.toContain('<run>');
    expect(html).not.toMatch(/(src|href|url)\s*[=(]/);
    expect(html.match(/<rect class="wrong"/g)).toHaveLength(3);
    expect(html.match(/<rect class="right"/g)).toHaveLength(3);
  });

  it('names the rows and columns of its map, as far as there is room', () => {
    const beside = (html: string) =>
      [...html.matchAll(/<text class="tick end" x="-6" y="([\d.]+)">([^<]*)<\/text>/g)].slice(-1000);
    const map = (html: string) =>
      html.slice(html.indexOf('Confusion map'), html.indexOf('Classes, the hardest'));
    expect(beside(map(evaluationReport(facts))).map(([, , name]) => name)).toEqual([
      'cat',
      '&#60;b&#62;dog&#60;/b&#62;',
      'empty',
      'fox',
    ]);
    const many = Array.from({ length: 500 }, (_, label) => `a thing with the rather long name ${label}`);
    const html = map(
      evaluationReport({
        ...facts,
        names: many,
        summary: { ...summary, classImages: many.map(() => 1), classTop5Hits: many.map(() => 0) },
      }),
    );
    const rows = beside(html).map(([, y, name]) => ({ y: Number(y), name: name ?? '' }));
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.every(({ name }) => name.length <= 24)).toBe(true);
    const gaps = rows.slice(1).map(({ y }, i) => y - (rows[i]?.y ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(11);
    expect(html.match(/rotate\(-60\)/g)).toHaveLength(rows.length);
  });

  it("names what was averaged, with each one's own errors", () => {
    const member = { runId: 'r', modelId: null, checkpointStep: 5, evaluationId: null };
    const averaged = [
      { ...member, name: '<i>one</i>', loss: 1.5, top1Error: 0.45, top5Error: 0.2 },
      { ...member, name: 'two', loss: null, top1Error: 0.51, top5Error: 0.1 },
    ];
    const html = evaluationReport({ ...facts, averaged, presets: ['alexnet', 'owt-2014'] });
    for (const text of ['45.00 %', '51.00 %', '48.00 %', 'alexnet, owt-2014', 'What was averaged']) {
      expect(html).toContain(text);
    }
    expect(html).not.toContain('<i>one');
    expect(evaluationReport(facts)).not.toContain('What was averaged');
  });

  it('says so where the loss is not finite and where nothing was mistaken', () => {
    const perfect: EvaluationSummary = { ...summary, loss: Number.NaN, confusion: [[0, 0, 4]] };
    const html = evaluationReport({ ...facts, summary: perfect });
    expect(html).toContain('not finite');
    expect(html).toContain('Not one mistake');
  });
});
