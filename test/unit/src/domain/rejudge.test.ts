import { describe, expect, it } from 'vitest';
import { type StepName, type StepRecord, skippedSteps } from '../../../../src/domain/steps.ts';
import type { ReportedFinding } from '../../../../src/domain/findings.ts';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';
import { policyRules } from '../../../../src/domain/policy.ts';
import { rejudge, type StoredVerdict } from '../../../../src/domain/rejudge.ts';

const facts: ImageFacts = {
  format: 'PNG',
  width: 800,
  height: 600,
  bytes: 1_000,
  sha256: 'ab'.repeat(32),
  integrity: { state: 'intact' },
};

const passed = (...names: StepName[]): StepRecord[] =>
  skippedSteps(names).map((step) => ({ ...step, state: 'passed' }));

const found = (code: ReportedFinding['code'], step: StepName | null): ReportedFinding => ({
  code,
  step,
  key: 'asset',
  message: code,
  measured: null,
});

/** A PNG that the contract's own policy failed. */
const stored: StoredVerdict = {
  id: '01900000-0000-7000-8000-000000000000',
  state: 'failed',
  policy: 'default@1',
  findings: [found('format_not_allowed', 'checkIsJpeg')],
  steps: passed('checkWebhookUrls', 'checkAssetReachable', 'checkIsImage', 'checkIsJpeg', 'checkDimensions'),
  image: facts,
};

const judgedBy = (rules: object, change: Partial<StoredVerdict> = {}) =>
  rejudge({ ...stored, ...change }, policyRules.parse(rules));

describe('a stored verdict judged by another policy', () => {
  it('is complete if no rule is broken, without findings of the policy before', () => {
    expect(judgedBy({ formats: { allow: ['PNG'] } })).toEqual({
      state: 'complete',
      findings: [],
      lacking: [],
    });
    expect(judgedBy({})).toMatchObject({ state: 'complete', findings: [] });
  });

  it('is failed if an error is found, but not for warnings', () => {
    const small = { minDimensions: { width: 1_000, height: 1, message: '{width} of 1000' } };
    expect(judgedBy(small)).toMatchObject({
      state: 'failed',
      findings: [{ code: 'dimensions_too_small', severity: 'error', message: '800 of 1000' }],
    });
    const warned = { minDimensions: { ...small.minDimensions, severity: 'warning' } };
    expect(judgedBy(warned)).toMatchObject({ state: 'complete', findings: [{ severity: 'warning' }] });
  });

  it.each([
    ['webhook_url_invalid', 'checkWebhookUrls'],
    ['checksum_mismatch', 'checkChecksum'],
    ['image_unreadable', 'checkIsImage'],
    ['decode_timeout', 'checkIsImage'],
  ] as const)('keeps findings that no policy decides: %s', (code, step) => {
    const own = found(code, step);
    expect(judgedBy({ formats: { allow: ['JPEG'] } }, { findings: [own, ...stored.findings] })).toMatchObject(
      {
        state: 'failed',
        findings: [own, { code: 'format_not_allowed' }],
      },
    );
    expect(judgedBy({}, { findings: [own] })).toMatchObject({ state: 'failed', findings: [own] });
  });

  it.each([
    ['asset_not_reachable', 'checkAssetReachable'],
    ['not_an_image', 'checkIsImage'],
    ['decoder_crashed', 'checkIsImage'],
  ] as const)('is failed without an image, and lacks no facts: %s', (code, step) => {
    const findings = [found(code, step)];
    expect(judgedBy({ dark: {} }, { findings, image: null })).toEqual({
      state: 'failed',
      findings,
      lacking: [],
    });
  });

  it('is unknown if facts for an error are missing and no other rule fails it', () => {
    expect(judgedBy({ dark: {} })).toEqual({ state: 'unknown', findings: [], lacking: ['checkDark'] });
    expect(judgedBy({ dark: { severity: 'warning' } })).toMatchObject({
      state: 'complete',
      lacking: ['checkDark'],
    });
    expect(judgedBy({ dark: {}, formats: { allow: ['JPEG'] } })).toMatchObject({
      state: 'failed',
      lacking: ['checkDark'],
    });
  });

  it('is judged by its stored measures, under thresholds of then or of now', () => {
    const image = { ...facts, measures: { brightness: { p5: 0, p99: 0.3 } } };
    expect(judgedBy({ dark: { threshold: 0.2 } }, { image })).toMatchObject({
      state: 'complete',
      lacking: [],
    });
    expect(judgedBy({ dark: { threshold: 0.4 } }, { image })).toMatchObject({
      state: 'failed',
      findings: [{ code: 'too_dark', measured: { score: 0.3 } }],
    });
  });

  it('passes a rule if the file was asked for its fact before and gave none', () => {
    const rules = { alpha: {} };
    expect(judgedBy(rules, { steps: passed('checkIsImage', 'checkAlpha') })).toMatchObject({
      state: 'complete',
      lacking: [],
    });
    expect(judgedBy(rules, { steps: skippedSteps(['checkAlpha']) })).toMatchObject({
      state: 'complete',
      lacking: [],
    });
    expect(judgedBy(rules)).toMatchObject({ state: 'unknown', lacking: ['checkAlpha'] });
  });

  it('fails a rule on dimensions if the file gave none, under any policy before', () => {
    const image = { ...facts, width: null, height: null };
    const rules = { maxDimensions: { width: 10, height: 10 } };
    for (const steps of [stored.steps, passed('checkIsImage'), skippedSteps(['checkDimensions'])])
      expect(judgedBy(rules, { image, steps })).toMatchObject({
        state: 'failed',
        findings: [{ code: 'dimensions_unknown', step: 'checkDimensions' }],
        lacking: [],
      });
    const findings = [found('dimensions_unknown', 'checkDimensions')];
    expect(judgedBy({}, { image, findings })).toMatchObject({ state: 'complete', findings: [] });
  });

  it('calls no picture unlike others if the compared measure was never taken', () => {
    const earlier = { exact: null, near: [], sizes: null };
    const image = { ...facts, earlier, measures: { pixelHash: 'ab' } };
    expect(judgedBy({ exactDuplicates: {} }, { image })).toMatchObject({ state: 'complete' });
    expect(judgedBy({ nearDuplicates: {} }, { image })).toMatchObject({
      state: 'unknown',
      lacking: ['checkNearDuplicates'],
    });
  });

  it.each([
    { state: 'canceled', findings: [] },
    { state: 'queued', findings: [] },
    { state: 'in_progress', findings: [] },
    { state: 'failed', findings: [found('internal_error', null)] },
  ] as const)('is unknown if the validation reached no verdict: %o', (change) => {
    expect(judgedBy({}, change)).toEqual({ state: 'unknown', findings: change.findings, lacking: [] });
  });
});
