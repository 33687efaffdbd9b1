import { describe, expect, it } from 'vitest';
import { AppError } from '../../../main/api/errors.ts';
import { explainError, isCancelled, OfflineError, sentence } from './errors.ts';

describe('explainError', () => {
  it("keeps the service's message and adds what to do", () => {
    const shown = explainError(new AppError('DISK_FULL', 'no space left on /data'));
    expect(shown).toMatchObject({
      code: 'DISK_FULL',
      title: 'The disk is full',
      message: 'No space left on /data.',
    });
    expect(shown.advice).toContain('space');
  });

  it('makes sentences of clauses, and leaves names as they are', () => {
    expect(sentence('there is no run zzz')).toBe('There is no run zzz.');
    expect(sentence('pets has no images; add some.')).toBe('pets has no images; add some.');
    expect(sentence('/data/x: it is full (database is locked)')).toBe(
      '/data/x: it is full (database is locked).',
    );
    expect(sentence('thesis is taken')).toBe('thesis is taken.');
    expect(sentence('')).toBe('');
  });

  it('knows an absent connection from a fault', () => {
    expect(explainError(new OfflineError())).toMatchObject({ offline: true, title: 'Not connected' });
    expect(explainError(new Error('boom'))).toMatchObject({
      offline: false,
      code: 'INTERNAL',
      message: 'boom.',
    });
    expect(explainError('text').message).toBe('text.');
  });

  it('knows cancelling, however it was done', () => {
    expect(isCancelled(new AppError('CANCELLED', 'stopped'))).toBe(true);
    expect(isCancelled(new DOMException('aborted', 'AbortError'))).toBe(true);
    expect(isCancelled(new Error('no'))).toBe(false);
  });
});
