import { describe, expect, it } from 'vitest';
import {
  AppError,
  appErrorCodes,
  engineErrorCodes,
  fromErrorReport,
  isErrorCode,
  toErrorReport,
} from './errors.ts';

describe('error reports', () => {
  it('carry code, message and details both ways, and no stack', () => {
    const error = new AppError('NAME_TAKEN', 'there is one already', { name: 'birds' });
    const report = toErrorReport(error);
    expect(report).toEqual({
      code: 'NAME_TAKEN',
      message: 'there is one already',
      details: { name: 'birds' },
    });
    expect(fromErrorReport(report)).toEqual(error);
    expect(toErrorReport(new AppError('IO', 'no details'))).toEqual({ code: 'IO', message: 'no details' });
  });

  it("take the engine's plain errors by their code, and everything else as INTERNAL", () => {
    expect(toErrorReport(Object.assign(new Error('too big'), { code: 'IMAGE_TOO_LARGE' })).code).toBe(
      'IMAGE_TOO_LARGE',
    );
    expect(toErrorReport(Object.assign(new Error('gone'), { code: 'ENOENT' }))).toEqual({
      code: 'INTERNAL',
      message: 'gone',
    });
    expect(toErrorReport('a text')).toEqual({ code: 'INTERNAL', message: 'a text' });
  });

  it('know every code once', () => {
    const codes = [...engineErrorCodes, ...appErrorCodes];
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.every(isErrorCode)).toBe(true);
    expect(isErrorCode('ENOENT')).toBe(false);
    expect(isErrorCode(7)).toBe(false);
  });
});
