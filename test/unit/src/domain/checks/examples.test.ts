import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHECKS, RULE_NAMES, type RuleName } from '../../../../../src/domain/checks/index.ts';
import { judge } from '../../../../../src/domain/judge.ts';
import { type Earlier, MEASURES } from '../../../../../src/domain/measures.ts';
import { policyRules } from '../../../../../src/domain/policy.ts';
import { CHECK_EXAMPLES } from '../../../../support/check-examples.ts';
import { inspect } from '../../image/inspect-file.ts';

const differingBits = (a: string, b: string) =>
  (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll('0', '').length;

async function findingsOf(name: RuleName, bytes: Buffer) {
  const { rule, earlier: before } = CHECK_EXAMPLES[name];
  const facts = await inspect(bytes, { measures: MEASURES });
  if (facts === null) throw new Error('no image');
  const other = before?.picture && (await inspect(await before.picture(), { measures: MEASURES }));
  const { pixelHash = '', perceptualHash = '0' } = facts.measures ?? {};
  const earlier: Earlier = {
    exact: other?.measures?.pixelHash === pixelHash ? 'earlier' : null,
    near: other?.measures?.perceptualHash
      ? [{ assetId: 'earlier', distance: differingBits(other.measures.perceptualHash, perceptualHash) }]
      : [],
    sizes: before?.sizes ?? null,
  };
  return judge({ ...facts, earlier }, policyRules.parse({ [name]: rule }));
}

describe.each(RULE_NAMES)('the example of %s', (name) => {
  const { passing, failing } = CHECK_EXAMPLES[name];

  it('passes with the one picture and fails with the other', async () => {
    expect(await findingsOf(name, await passing())).toEqual({ findings: [], unknown: [] });
    const { findings } = await findingsOf(name, await failing());
    expect(findings.map(({ code }) => code)).toEqual([CHECKS[name].code]);
  });

  it('is shown in docs/checks.md, with its defaults', () => {
    const docs = readFileSync('docs/checks.md', 'utf8');
    expect(docs).toContain(`(images/checks/${name}.png)`);
    expect(existsSync(`docs/images/checks/${name}.png`)).toBe(true);
    const section = docs.split(`### ${name}\n`)[1]?.split('\n### ')[0] ?? '';
    for (const fact of [CHECKS[name].name, CHECKS[name].code]) expect(section).toContain(`\`${fact}\``);
    const rule = policyRules.shape[name].unwrap().safeParse(CHECK_EXAMPLES[name].rule).data ?? {};
    for (const setting of Object.keys(CHECKS[name].settings)) expect(section).toContain(`\`${setting}\``);
    for (const value of Object.values(rule))
      if (typeof value === 'number') expect(section).toContain(String(value));
  });
});
