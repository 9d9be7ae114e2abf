import { describe, expect, it } from 'vitest';
import { representFinding } from '../../../../../src/api/assets/represent.ts';
import { CHECKS } from '../../../../../src/domain/checks/index.ts';
import type { ReportedFinding } from '../../../../../src/domain/findings.ts';

describe('a finding', () => {
  const { name: step, code } = CHECKS.dark;
  const measured = { score: 0.1 };
  const judged: ReportedFinding = { code, step, key: 'asset', severity: 'info', measured, message: 'Dark.' };
  /** As Postgres returns it. */
  const stored: ReportedFinding = { key: 'asset', code, step, message: 'Dark.', measured, severity: 'info' };

  it('has its members in one order, whether it was stored or judged just now', () => {
    const text =
      '{"code":"too_dark","step":"checkDark","key":"asset","severity":"info","message":"Dark.","measured":{"score":0.1}}';
    for (const finding of [judged, stored]) expect(JSON.stringify(representFinding(finding))).toBe(text);
  });

  it('is an error if it was stored before there were severities', () => {
    const { severity: _severity, ...old } = stored;
    expect(representFinding(old).severity).toBe('error');
  });
});
