import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHECKS, RULE_NAMES } from '../../../src/domain/checks/index.ts';
import { policyRules } from '../../../src/domain/policy.ts';

const page = readFileSync(new URL('../../../docs/policies.md', import.meta.url), 'utf8');

/** What a rule becomes when only what has to be given is given. */
const REQUIRED = {
  formats: { allow: ['PNG'] },
  maxDimensions: { width: 1, height: 1 },
  minDimensions: { width: 1, height: 1 },
  colourSpaces: { allow: ['rgb'] },
  structure: { refuse: ['trailing_bytes'] },
} as const;

describe('docs/policies.md', () => {
  it('lists rule by rule its step and its code', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \|(.*)\| `(\w+)` \|$/gm)];
    expect(rows.map(([, rule, step, , code]) => [rule, step, code])).toEqual(
      RULE_NAMES.map((rule) => [rule, CHECKS[rule].name, CHECKS[rule].code]),
    );
  });

  it.each(RULE_NAMES)('lists the settings and defaults of %s', (rule) => {
    const [, settings = ''] =
      new RegExp(`^\\| \`${rule}\` \\| \`\\w+\` \\|(.*)\\| \`\\w+\` \\|$`, 'm').exec(page) ?? [];
    // `minDimensions` refers to the line above it.
    if (settings.includes('the same')) return;
    for (const name of Object.keys(CHECKS[rule].settings)) expect(settings).toContain(`\`${name}\``);
    const required = rule in REQUIRED ? REQUIRED[rule as keyof typeof REQUIRED] : {};
    const { severity, ...parsed } = Object(policyRules.parse({ [rule]: required })[rule]) as {
      readonly severity?: string;
    };
    expect(severity).toBe('error');
    for (const [name, value] of Object.entries(parsed)) {
      if (name in required) continue;
      expect(settings).toContain(typeof value === 'number' ? `(${value})` : `(\`${String(value)}\`)`);
    }
  });

  it('shows an example that is one', () => {
    const [, body = ''] = /-d '([^']*"rules"[^']*)'/.exec(page) ?? [];
    const { rules } = JSON.parse(body) as { rules: object };
    expect(Object.keys(policyRules.parse(rules))).toHaveLength(4);
  });
});
