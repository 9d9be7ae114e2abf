import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AppError, type ErrorCode, ERRORS } from '../../../../src/domain/errors.ts';

describe('the error registry', () => {
  it('and docs/errors.md name the same codes with the same status', () => {
    const text = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(ERRORS).map(([code, { status }]) => [code, status])),
    );
  });

  it('tells a client when to try again for every temporary error', () => {
    const codes = Object.keys(ERRORS) as ErrorCode[];
    const temporary = codes.filter(
      (code) => ERRORS[code].status > 500 || [408, 429].includes(ERRORS[code].status),
    );
    expect(codes.filter((code) => new AppError(code).retryAfterS !== undefined)).toEqual(temporary);
  });
});
