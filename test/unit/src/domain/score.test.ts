import { describe, expect, it } from 'vitest';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';
import { judge } from '../../../../src/domain/judge.ts';
import { policyRules } from '../../../../src/domain/policy.ts';
import { scoresOf } from '../../../../src/domain/score.ts';

const HEADER: ImageFacts = {
  format: 'JPEG',
  width: 400,
  height: 200,
  bytes: 1_000,
  sha256: 'a'.repeat(64),
  integrity: { state: 'intact' },
};
const MEASURED: ImageFacts = {
  ...HEADER,
  measures: {
    brightness: { p5: 0.25, p99: 0.75 },
    entropy: 5,
    blur: { edges: 100 * Math.log(2), spread: 0 },
  },
  earlier: { exact: null, near: [], sizes: { q1: 100, q3: 200, count: 50 } },
};

describe('the scores of an image', () => {
  it('are there whether they pass or not, each with its bound, in reporting order', () => {
    const rules = policyRules.parse({
      blur: { threshold: 0.6 },
      dark: { threshold: 0.75 },
      light: {},
      information: {},
      aspectRatio: {},
      size: {},
    });
    const scores = scoresOf(MEASURED, rules);
    expect(scores).toEqual([
      { rule: 'aspectRatio', score: 0.5, threshold: 0.35, passed: true },
      { rule: 'dark', score: 0.75, threshold: 0.75, passed: true },
      { rule: 'light', score: 0.75, threshold: 0.05, passed: true },
      { rule: 'information', score: 0.5, threshold: 0.3, passed: true },
      { rule: 'blur', score: expect.closeTo(0.5, 12) as number, threshold: 0.6, passed: false },
      { rule: 'size', score: expect.closeTo(0.81, 2) as number, threshold: 0.5, passed: true },
    ]);
    expect(judge(MEASURED, rules).findings.map(({ code }) => code)).toEqual(['blurry']);
  });

  it('have no bound if a measure was taken that the policy does not judge', () => {
    expect(scoresOf(MEASURED, policyRules.parse({ dark: {} }))).toEqual([
      { rule: 'dark', score: 0.75, threshold: 0.32, passed: true },
      { rule: 'light', score: 0.75, threshold: null, passed: null },
      { rule: 'information', score: 0.5, threshold: null, passed: null },
      { rule: 'blur', score: expect.closeTo(0.5, 12) as number, threshold: null, passed: null },
    ]);
  });

  it('are left out if nothing was measured', () => {
    const rules = policyRules.parse({ blur: {}, dark: {}, size: {} });
    expect(scoresOf(HEADER, rules)).toEqual([]);
    expect(scoresOf({ ...HEADER, width: null }, policyRules.parse({ aspectRatio: {} }))).toEqual([]);
    expect(scoresOf(null, rules)).toEqual([]);
    const few = { exact: null, near: [], sizes: { q1: 100, q3: 200, count: 19 } };
    expect(scoresOf({ ...HEADER, earlier: few }, rules)).toEqual([]);
  });
});
