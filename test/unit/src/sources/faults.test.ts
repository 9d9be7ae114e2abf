import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { UNREACHABLE_CAUSES } from '../../../../src/domain/sources/unreachable.ts';
import {
  CAUSES,
  faultOf,
  faultOfCode,
  faultOfStatus,
  TROUBLES,
  trouble,
} from '../../../../src/sources/faults.ts';
import { wordOf } from '../../../support/storage/http-source.ts';

const page = readFileSync(new URL('../../../../docs/sources.md', import.meta.url), 'utf8');

/** Of local files, which have a table of their own. */
const LOCAL = new Set<string>([
  'outside_roots',
  'symlink_outside',
  'not_a_file',
  'permission',
  'loop',
  'name_too_long',
  'invalid_path',
]);

/** What each status means. Any other one is trouble. */
const STATUSES: Record<string, readonly number[]> = {
  forbidden: [401, 403],
  not_found: [404, 410],
  refused: [
    206,
    ...Array.from({ length: 100 }, (_, index) => 400 + index).filter(
      (status) => ![401, 403, 404, 408, 410, 412, 425, 429].includes(status),
    ),
  ],
};

describe('the table of faults', () => {
  it.each(Array.from({ length: 500 }, (_, index) => 100 + index))('knows the status %i', (status) => {
    const [cause] = Object.entries(STATUSES).find(([, statuses]) => statuses.includes(status)) ?? [];
    expect(wordOf(faultOfStatus(status))).toBe(cause ?? `trouble http_${status}`);
  });

  it.each([...CAUSES])('takes %s as the cause %s', (code, cause) => {
    expect(faultOfCode(code)).toEqual({ unreachable: cause });
    expect(faultOf(new Error('outer', { cause: Object.assign(new Error(), { code }) }))).toEqual({
      unreachable: cause,
    });
  });

  it.each([...TROUBLES])('takes %s as the trouble %s', (code, reason) => {
    const fault = faultOfCode(code);
    expect(fault).toBeInstanceOf(AppError);
    expect(fault).toMatchObject({ code: 'storage_unavailable', cause: { message: reason } });
  });

  it('takes anything else as trouble of the connection, and keeps no text of it', () => {
    const fault = faultOf(new Error('https://host/seeded-secret', { cause: new Error('seeded-secret') }));
    expect(wordOf(fault)).toBe('trouble connection');
    expect(JSON.stringify(fault, Object.getOwnPropertyNames(fault))).not.toContain('seeded');
  });

  it('passes on how long a server asks us to wait', () => {
    expect(faultOfStatus(429, 120)).toMatchObject({ retryAfterS: 120 });
    expect(trouble('busy').retryAfterS).toBe(2);
  });

  it.each(UNREACHABLE_CAUSES.filter((cause) => !LOCAL.has(cause)))(
    'is explained by the page: %s',
    (cause) => {
      expect(page).toContain(`| \`${cause}\` |`);
    },
  );

  it.each([...new Set(TROUBLES.values()), 'credentials', 'connection', 'busy'])(
    'is explained by the page: trouble %s',
    (reason) => {
      expect(page).toContain(`\`${reason}\``);
    },
  );
});
