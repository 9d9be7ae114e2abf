import { describe, expect, it } from 'vitest';
import { CHECKS, RULE_NAMES } from '../../../../src/domain/checks/index.ts';
import { KNOWN_BY_ALL, KNOWS, needsOfRules, needsOfSubmission } from '../../../../src/domain/needs.ts';
import { DEFAULT_POLICY, type PolicyRules } from '../../../../src/domain/policy.ts';

describe('what a worker has to know', () => {
  it('is never more than today’s workers know, whatever a submission or a policy uses', () => {
    const submission = {
      assetPath: { location: 'local', path: 'x.jpg' },
      notifications: {},
      policy: 'web@1',
      sha256: '0'.repeat(64),
    } as const;
    const rules = Object.fromEntries(RULE_NAMES.map((name) => [name, CHECKS[name].settings])) as PolicyRules;
    expect(needsOfSubmission(submission)).toBeLessThanOrEqual(KNOWS);
    expect(needsOfRules(rules)).toBeLessThanOrEqual(KNOWS);
  });

  it('is what all know for the contract’s own policy, so an API alone may start it', () => {
    expect(needsOfRules(DEFAULT_POLICY.rules)).toBe(KNOWN_BY_ALL);
  });
});
