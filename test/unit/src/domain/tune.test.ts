import { describe, expect, it } from 'vitest';
import { type Example, scoresOf, tune, TUNED_RULES } from '../../../../src/domain/tune.ts';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';

const NONE = Object.fromEntries(TUNED_RULES.map((rule) => [rule, null])) as Example['scores'];

function example(name: string, scores: Partial<Example['scores']>): Example {
  return { name, scores: { ...NONE, ...scores } };
}

function tunedOf(rule: keyof Example['scores'], { thresholds }: ReturnType<typeof tune>) {
  return thresholds.find((threshold) => threshold.rule === rule);
}

describe('thresholds by examples', () => {
  it('lie between the worst good example and the best bad one below it, with few decimal places', () => {
    const tuning = tune({
      good: [example('a', { blur: 0.34 }), example('b', { blur: 0.9 })],
      bad: [example('c', { blur: 0.2 }), example('d', { blur: 0.27 }), example('e', { blur: 0.5 })],
    });
    expect(tunedOf('blur', tuning)).toEqual({
      rule: 'blur',
      byDefault: { threshold: 0.29, goodRefused: 0, badRefused: 2 },
      tuned: { threshold: 0.3, goodRefused: 0, badRefused: 2 },
    });
    expect(tuning.missed.map(({ name }) => name)).toEqual(['e']);
  });

  it('refuse no good example, even if the scores differ in their last digit only', () => {
    const [low, high] = [0.3, 0.30000000000000004];
    const tuning = tune({ good: [example('a', { dark: high })], bad: [example('b', { dark: low })] });
    expect(tunedOf('dark', tuning)?.tuned).toEqual({ threshold: high, goodRefused: 0, badRefused: 1 });
  });

  it('are none for a rule that refuses no bad example without a good one', () => {
    const tuning = tune({ good: [example('a', { light: 0.1 })], bad: [example('b', { light: 0.1 })] });
    expect(tunedOf('light', tuning)).toMatchObject({ tuned: null });
    expect([tuning.chosen, tuning.missed.length]).toEqual([[], 1]);
  });

  it('are chosen for as few rules as refuse what can be refused, the most useful first', () => {
    const good = [example('a', { blur: 0.5, dark: 0.8, information: 0.9 })];
    const bad = [
      example('blurred', { blur: 0.1, dark: 0.8, information: 0.9 }),
      example('blurred and poor', { blur: 0.1, dark: 0.8, information: 0.2 }),
      example('dark', { blur: 0.6, dark: 0.2, information: 0.9 }),
    ];
    const { chosen, missed } = tune({ good, bad });
    expect(chosen.map(({ rule }) => rule)).toEqual(['blur', 'dark']);
    expect(missed).toEqual([]);
  });

  it('leave out a picture whose score is not known', () => {
    const tuning = tune({
      good: [example('a', {}), example('b', { dark: 0.9 })],
      bad: [example('c', {}), example('d', { dark: 0.1 })],
    });
    expect(tunedOf('dark', tuning)?.tuned).toMatchObject({ goodRefused: 0, badRefused: 1 });
    expect(tuning.missed.map(({ name }) => name)).toEqual(['c']);
  });
});

describe('the scores of a picture', () => {
  const facts: ImageFacts = {
    format: 'JPEG',
    width: 40,
    height: 20,
    bytes: 100,
    sha256: 'ab'.repeat(32),
    integrity: { state: 'intact' },
  };

  it('are those that the checks judge, null where the file does not show them', () => {
    expect(scoresOf(facts)).toEqual({ ...NONE, aspectRatio: 0.5 });
    const measures = { brightness: { p5: 0.25, p99: 0.75 }, entropy: 7 };
    expect(scoresOf({ ...facts, measures })).toMatchObject({
      dark: 0.75,
      light: 0.75,
      information: 0.7000000000000001,
    });
  });
});
