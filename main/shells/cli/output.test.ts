import { describe, expect, it } from 'vitest';
import { bytes, displayWidth, duration, percent, plural, printable, rate, table } from './format.ts';
import { Output } from './output.ts';
import { RemainingTime } from './progress.ts';

class Text {
  text = '';
  isTTY: boolean;
  columns = 40;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

function outputs({ tty = false, json = false, quiet = false } = {}) {
  const clock = { now: 0 };
  const [out, err] = [new Text(tty), new Text(tty)];
  return { clock, out, err, output: new Output(out, err, { json, quiet, now: () => clock.now }) };
}

describe('Output', () => {
  it('keeps objects and words apart', () => {
    const human = outputs();
    human.output.emit({ a: 1 });
    human.output.print('result');
    human.output.note('aside');
    expect([human.out.text, human.err.text]).toEqual(['result\n', 'aside\n']);
    const json = outputs({ json: true });
    json.output.emit({ loss: Number.NaN });
    json.output.print('result');
    json.output.note('aside');
    expect([json.out.text, json.err.text]).toEqual(['{"loss":null}\n', 'aside\n']);
  });

  it('reports errors as a line or an object, and lets no control character through', () => {
    const report = { code: 'IO', message: 'bad \u001b[2Jname\nsecond' } as const;
    const human = outputs();
    human.output.error(report);
    expect(human.err.text).toBe('error IO: bad \\x1b[2Jname\n  second\n');
    const json = outputs({ json: true });
    json.output.error(report);
    expect(JSON.parse(json.out.text)).toEqual({ error: report });
  });

  it('updates one line on a terminal, at most ten times a second, and takes it away', () => {
    const { output, clock, err } = outputs({ tty: true });
    for (clock.now = 0; clock.now < 1000; clock.now += 10) output.status(() => `at ${clock.now}`);
    expect(err.text.match(/at \d+/g)).toHaveLength(10);
    expect(err.text).not.toContain('\n');
    output.print('done');
    expect(err.text.endsWith('\r\u001b[K')).toBe(true);
    clock.now += 1000;
    output.status(() => 'x'.repeat(100));
    expect(err.text).toContain(`\r${'x'.repeat(39)}\u001b`);
  });

  it('writes a line now and then into a log, none with --quiet', () => {
    const log = outputs();
    for (log.clock.now = 0; log.clock.now < 60_000; log.clock.now += 100) log.output.status(() => 'step');
    expect(log.err.text).toBe('step\nstep\nstep\n');
    const quiet = outputs({ tty: true, quiet: true });
    quiet.output.status(() => 'step');
    quiet.output.note('aside');
    expect(quiet.err.text).toBe('');
  });
});

describe('RemainingTime', () => {
  it('goes by the last half minute', () => {
    const clock = { now: 0 };
    const remaining = new RemainingTime(() => clock.now);
    expect(remaining.update(0, 100)).toBeUndefined();
    // Ten a second, then one a second: after 40 s the fast start no longer counts.
    for (clock.now = 500; clock.now <= 5000; clock.now += 500) remaining.update(clock.now / 100, 100);
    clock.now = 5000;
    expect(remaining.update(50, 100)).toBeCloseTo(5000, -2);
    for (clock.now = 6000; clock.now <= 45_000; clock.now += 1000)
      remaining.update(45 + clock.now / 1000, 100);
    clock.now = 45_000;
    expect(remaining.update(90, 100)).toBeCloseTo(10_000, -3);
  });
});

describe('formats', () => {
  it('are as people write them', () => {
    expect([400, 42_000, 200_000, 18_120_000, 183_600_000].map(duration)).toEqual([
      '0.4 s',
      '42 s',
      '3 min 20 s',
      '5 h 2 min',
      '2 d 3 h',
    ]);
    expect([0, 999, 1500, 123_456_789, 5e12].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.5 kB',
      '123 MB',
      '5.0 TB',
    ]);
    expect([percent(0.1234), percent(null), percent(Number.NaN)]).toEqual(['12.3 %', '-', '-']);
    expect([plural(1, 'class', 'classes'), plural(1200, 'image')]).toEqual(['1 class', '1,200 images']);
    expect([rate(3.21), rate(54.4), rate(1234.5)]).toEqual(['3.2', '54', '1,235']);
  });

  it('align columns by what a terminal shows', () => {
    expect(displayWidth('写真é')).toBe(5);
    const lines = table(
      [{ title: 'name' }, { title: 'n', align: 'right' }],
      [
        ['写真', '1'],
        ['a\u0007b', '1,000'],
      ],
    );
    expect(lines).toEqual(['name        n', '写真        1', 'a\\x07b  1,000']);
    expect(printable('\u009b')).toBe('\\x9b');
  });
});
