import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHECKS, RULE_NAMES, type RuleName } from '../../../../../src/domain/checks/index.ts';
import { judge } from '../../../../../src/domain/judge.ts';
import { policyRules } from '../../../../../src/domain/policy.ts';
import { describeExample, describeValue, factsOf } from '../../../../support/images/check-example-facts.ts';
import { CHECK_EXAMPLES } from '../../../../support/images/check-examples.ts';
import { inspect } from '../../image/inspect-file.ts';

async function findingsOf(name: RuleName, bytes: Buffer) {
  return judge(await factsOf(name, bytes, inspect), policyRules.parse({ [name]: CHECK_EXAMPLES[name].rule }));
}

describe('an example without a value', () => {
  it('is refused if its check has no score to show', async () => {
    const facts = await factsOf('dark', await CHECK_EXAMPLES.dark.passing(), inspect);
    expect(describeValue('dark', facts)).toMatch(/^score 0\.\d+$/);
    expect(() => describeValue('dark', { ...facts, measures: {} })).toThrow(
      'Give CHECK_EXAMPLES.dark a value: its check has no setting threshold, or finds no score.',
    );
  });
});

describe.each(RULE_NAMES)('the example of %s', (name) => {
  const { passing, failing } = CHECK_EXAMPLES[name];

  it('passes with the one picture and fails with the other', async () => {
    expect(await findingsOf(name, await passing())).toEqual({ findings: [], unknown: [] });
    const { findings } = await findingsOf(name, await failing());
    expect(findings.map(({ code }) => code)).toEqual([CHECKS[name].code]);
  });

  it('is shown in docs/checks.md with its values and defaults (`npm run docs:pictures` writes it)', async () => {
    const docs = readFileSync('docs/checks.md', 'utf8');
    expect(docs).toContain(`\n${await describeExample(name, inspect)}\n`);
    expect(existsSync(`docs/images/checks/${name}.png`)).toBe(true);
    const section = docs.split(`### ${name}\n`)[1]?.split('\n### ')[0] ?? '';
    for (const fact of [CHECKS[name].name, CHECKS[name].code]) expect(section).toContain(`\`${fact}\``);
    const rule = policyRules.shape[name].unwrap().safeParse(CHECK_EXAMPLES[name].rule).data ?? {};
    for (const setting of Object.keys(CHECKS[name].settings)) expect(section).toContain(`\`${setting}\``);
    for (const value of Object.values(rule))
      if (typeof value === 'number') expect(section).toContain(String(value));
  });
});
