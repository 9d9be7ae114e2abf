import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parse } from '../../../src/api/http/parse.ts';
import { judgeRequest, policyRequest } from '../../../src/api/policies/requests.ts';
import { retryRequest, submission } from '../../../src/api/assets/requests.ts';
import { CHECKS, RULE_NAMES, type RuleName } from '../../../src/domain/checks/index.ts';
import { IMAGE_FORMATS } from '../../../src/domain/image-facts.ts';
import { policyRules } from '../../../src/domain/policy.ts';
import { CHECK_EXAMPLES } from '../../support/images/check-examples.ts';

const page = readFileSync(new URL('../../../docs/policies.md', import.meta.url), 'utf8');

/** The requests of the page, in this order. */
const requests = [...page.matchAll(/curl -X POST http:\/\/[^/]+(\S+) [^']*'[^']*' -d '([^']*)'/g)].map(
  ([, path = '', body = '']) => ({ path, body: JSON.parse(body) as unknown }),
);

/** The settings of a rule that have no default, as its example gives them. */
function requiredOf(rule: RuleName): Readonly<Record<string, unknown>> {
  const example: Readonly<Record<string, unknown>> = Object(CHECK_EXAMPLES[rule].rule);
  const settings: z.ZodRawShape = CHECKS[rule].settings;
  const required = Object.entries(settings).filter(([, setting]) => !z.safeParse(setting, undefined).success);
  return Object.fromEntries(required.map(([name]) => [name, example[name]]));
}

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
    const required = requiredOf(rule);
    const { severity, ...parsed } = Object(policyRules.parse({ [rule]: required })[rule]) as {
      readonly severity?: string;
    };
    expect(severity).toBe('error');
    for (const [name, value] of Object.entries(parsed)) {
      if (name in required) continue;
      expect(settings).toContain(typeof value === 'number' ? `(${value})` : `(\`${String(value)}\`)`);
    }
  });

  it('lists the formats', () => {
    const [, settings = ''] = /^\| `formats` \|[^|]*\|(.*)\| `format_not_allowed` \|$/m.exec(page) ?? [];
    expect([...settings.matchAll(/`([A-Z]+)`/g)].map(([, format]) => format)).toEqual([...IMAGE_FORMATS]);
  });

  it('shows requests that the API takes, and that can be made one after another', () => {
    /** How many versions exist by then. */
    const versions = new Map([['default', 1]]);
    const expectIsThere = (reference = 'default') => {
      const [named = '', version = 1] = reference.split('@');
      expect(versions.get(named)).toBeGreaterThanOrEqual(Number(version));
    };
    const taken = requests.map(({ path, body }) => {
      const [, , name = '', act] = path.split('/');
      if (path === '/assets/image/') {
        expectIsThere(parse(submission, body).policy);
        return 'submitted';
      }
      if (path.endsWith('/retry')) {
        expectIsThere(parse(retryRequest, body).policy);
        return 'retried';
      }
      if (act === 'judge') {
        expect(versions.get(name)).toBeGreaterThanOrEqual(parse(judgeRequest, body).version ?? 1);
        return 'judged';
      }
      expect(Object.keys(parse(policyRequest, body).rules)).not.toEqual([]);
      versions.set(name, (versions.get(name) ?? 0) + 1);
      return 'made';
    });
    expect(taken).toEqual(['made', 'submitted', 'made', 'judged', 'retried']);
  });
});
