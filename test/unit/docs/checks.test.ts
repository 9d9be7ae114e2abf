import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blur, blurScore } from '../../../src/domain/checks/blur.ts';
import type { Check } from '../../../src/domain/checks/check.ts';
import { CHECKS, RULE_NAMES } from '../../../src/domain/checks/index.ts';
import { MEASURES } from '../../../src/domain/measures.ts';
import { policyRules } from '../../../src/domain/policy.ts';
import { factsOf, roundScore } from '../../support/images/check-example-facts.ts';
import { CHECK_EXAMPLES } from '../../support/images/check-examples.ts';
import { inspect } from '../src/image/inspect-file.ts';

const page = readFileSync('docs/checks.md', 'utf8');

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Every field below the schema that is none of objects alone, by its path. */
function fieldsOf(path: string, schema: Schema): string[] {
  const [some] = schema.anyOf?.filter(({ type }) => type !== 'null') ?? [schema];
  const below = (of: Schema | undefined, at: string) =>
    Object.entries(of?.properties ?? {}).flatMap(([name, field]) => fieldsOf(`${at}.${name}`, field));
  const inner = [...below(some, path), ...below(some?.items, `${path}[]`)];
  return some?.type === 'object' && schema.anyOf === undefined ? inner : [path, ...inner];
}

async function blurOf(rule: 'blur' | 'information', which: 'passing' | 'failing') {
  const { measures } = await factsOf(rule, await CHECK_EXAMPLES[rule][which](), inspect);
  return measures?.blur ?? { edges: 0, spread: 0 };
}

describe('docs/checks.md', () => {
  it('explains every measure and every fact from earlier assets', () => {
    const { components } = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
      components: { schemas: Readonly<Record<'Measures' | 'Earlier', Schema>> };
    };
    const { Measures, Earlier } = components.schemas;
    const fields = [...fieldsOf('measures', Measures), ...fieldsOf('earlier', Earlier)];
    const rows = page.split('\n').filter((line) => /^\| `(measures|earlier)\./.test(line));
    const named = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
    );
    expect(named.sort()).toEqual(fields.sort());
  });

  it('shows a value for every example', () => {
    expect(page).not.toMatch(/\b(?:NaN|undefined|Infinity)\b/);
  });

  it('shows the scores of sizes that its formula gives', () => {
    // 320 × 240 and 32 × 24 px. The quartiles 260 and 300 give the bounds 140 and 420.
    const score = (size: number) => Math.round((1 - Math.abs(size - 280) / (420 - 140)) * 1_000) / 1_000;
    const [passing, failing] = [score(Math.sqrt(320 * 240)), score(Math.sqrt(32 * 24))];
    expect(page.split('### size\n')[1]).toContain(
      `*✓ score ${passing} · ✗ score ${failing} · \`iqrFactor\` 3 ·`,
    );
  });

  it('has a section for each rule, in the order of reports', () => {
    const part = page.split('\n## Rules of policies\n')[1]?.split('\n## ')[0] ?? '';
    expect([...part.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading)).toEqual(RULE_NAMES);
  });

  it.each([...MEASURES, 'earlier'] as const)('names the rules that need %s', (what) => {
    const start = what === 'earlier' ? '| `earlier.' : `| \`measures.${what}`;
    const rows = page.split('\n').filter((line) => line.startsWith(start));
    const named = rows.flatMap((row) => [...(row.split('|')[4] ?? '').matchAll(/`(\w+)`/g)]);
    const needing = RULE_NAMES.filter((name) => {
      const { measures, comparesWithEarlier }: Check = CHECKS[name];
      return what === 'earlier' ? comparesWithEarlier : measures.includes(what);
    });
    expect(new Set(named.map(([, rule]) => rule))).toEqual(new Set(needing));
  });

  it('shows how measures become a score, with the numbers of the pictures', async () => {
    const section = page.split('### From measures to a score\n')[1]?.split('\n## ')[0] ?? '';
    const { threshold, colourThreshold } = policyRules.parse({ blur: {} }).blur ?? {
      threshold: 0,
      colourThreshold: 0,
    };
    const score = (of: Parameters<typeof blurScore>[0]) => roundScore(blurScore(of, colourThreshold));
    const part = (measure: number) => roundScore(1 - Math.exp(-0.01 * measure));

    const blurred = await blurOf('blur', 'failing');
    const [edges, spread] = [roundScore(blurred.edges), roundScore(blurred.spread)];
    expect(section).toContain(`"blur": { "edges": ${edges}, "spread": ${spread} }`);
    expect(section).toContain(`E = 1 − exp(−0.01 · ${edges}) = ${part(blurred.edges)}.`);
    expect(section).toContain(
      `S = 1 − exp(−0.01 · ${spread}) = ${part(blurred.spread)}. That is at most \`colourThreshold\`, ${colourThreshold}:`,
    );
    const shown = score(blurred);
    expect(section).toContain(
      `min(1, ${part(blurred.edges)} + 0) = ${shown}, below \`threshold\`, ${threshold}: \`${blur.code}\``,
    );
    expect(section).toContain(`of the finding is ${shown}.`);

    const sharp = await blurOf('blur', 'passing');
    expect(section).toContain(
      `\`edges\` ${roundScore(sharp.edges)} and \`spread\` ${roundScore(sharp.spread)}: S = ${part(sharp.spread)} counts 0 again, score = E = ${score(sharp)}:`,
    );

    const flat = await blurOf('information', 'failing');
    expect(section.replaceAll('\n', ' ')).toContain(
      `\`edges\` ${roundScore(flat.edges)} and \`spread\` ${roundScore(flat.spread)}. So E = ${part(flat.edges)} and S = ${part(flat.spread)}. Their sum is above 1, and the score is ${score(flat)}.`,
    );
  });
});
