import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import {
  createJudgeImage,
  type JudgeImageInput,
  type JudgeImageResult,
} from '../../../activities/judge-image.ts';
import { asFailure } from '../../../activities/failure.ts';
import type { Earlier, ImageFacts } from '../../../src/domain/image-facts.ts';
import { planFor, policyRules } from '../../../src/domain/policy.ts';
import type { Fingerprints } from '../../../src/domain/ports/fingerprints.ts';

const SHA256 = 'a'.repeat(64);
const FACTS: ImageFacts = {
  format: 'PNG',
  width: 400,
  height: 100,
  bytes: 1_000,
  sha256: SHA256,
  integrity: { state: 'intact' },
  measures: { pixelHash: 'b'.repeat(64), perceptualHash: 'c'.repeat(16) },
};

/** Judges under `rules`, in a world where `earlier` is found. */
async function judge(rules: object, input: Partial<JudgeImageInput> = {}, earlier?: Earlier) {
  const compared: [string, Fingerprints][] = [];
  const kept: unknown[] = [];
  const judgeImage = createJudgeImage({
    spellPath: (path) => `/spelled/${path}`,
    fingerprints: {
      compare(_tenant, assetId, fingerprint, toKeep) {
        compared.push([assetId, fingerprint]);
        kept.push(toKeep);
        return earlier === undefined ? Promise.reject(new Error('not asked for')) : Promise.resolve(earlier);
      },
    },
  });
  const plan = planFor({ name: 'p', version: 1, rules: policyRules.parse(rules) });
  const { steps, comparesWithEarlier } = plan;
  const result: JudgeImageResult = await new MockActivityEnvironment().run(judgeImage, {
    assetId: 'asset',
    facts: FACTS,
    rules: plan.rules,
    steps,
    comparesWithEarlier,
    ...input,
  });
  return { ...result, compared, kept };
}

describe('judging an image', () => {
  it('gives one result for each step, in their order, with its own findings', async () => {
    const { results } = await judge({ formats: { allow: ['PNG'] }, aspectRatio: {}, dark: {} });
    expect(results.map(({ findings }) => findings.map(({ code }) => code))).toEqual([
      [],
      ['odd_aspect_ratio'],
      [],
    ]);
    // The brightness is not known, so this step is not passed.
    expect(results.map(({ isUnknown = false }) => isUnknown)).toEqual([false, false, true]);
    for (const { startedAt, durationMs, attempt } of results) {
      expect(new Date(startedAt).toISOString()).toBe(startedAt);
      expect(durationMs).toBeGreaterThanOrEqual(0);
      expect(attempt).toBe(1);
    }
  });

  it('compares with earlier assets once, and only if a rule asks for it', async () => {
    const found: Earlier = {
      exact: 'first',
      near: [{ assetId: 'second', distance: 2 }],
      sizes: { q1: 200, q3: 210, count: 50 },
    };
    const judged = await judge(
      { exactDuplicates: {}, nearDuplicates: { maxDistance: 5 }, size: {} },
      {},
      found,
    );
    expect(judged.compared).toEqual([
      ['asset', { size: 200, sha256: SHA256, pixelHash: 'b'.repeat(64), perceptualHash: 'c'.repeat(16) }],
    ]);
    expect(judged.earlier).toEqual(found);
    expect(judged.results.flatMap(({ findings }) => findings.map(({ code }) => code))).toEqual([
      'exact_duplicate',
    ]);
    expect((await judge({ dark: {} })).compared).toEqual([]);
  });

  it.each([
    ['one text for all spellings of a local path', 'local', { place: '/spelled/./a.jpg' }],
    ['nothing about another location, which the row tells', 's3', {}],
  ] as const)('compares with %s', async (_what, location, place) => {
    const assetPath = location === 'local' ? ({ location, path: './a.jpg' } as const) : { location };
    const none: Earlier = { exact: null, near: [], sizes: null };
    const { compared } = await judge({ size: {} }, { assetPath, facts: { ...FACTS, measures: {} } }, none);
    expect(compared).toEqual([['asset', { size: 200, sha256: SHA256, ...place }]]);
  });

  it.each([
    [{ size: {} }, { size: 200 }],
    [{ exactDuplicates: {} }, { size: null, pixelHash: 'b'.repeat(64) }],
    [{ nearDuplicates: {} }, { size: null, pixelHash: 'b'.repeat(64), perceptualHash: 'c'.repeat(16) }],
    [
      { size: {}, exactDuplicates: {}, dark: {} },
      { size: 200, pixelHash: 'b'.repeat(64) },
    ],
  ])('keeps for later assets only what its rules compare: %j', async (rules, toKeep) => {
    const none: Earlier = { exact: null, near: [], sizes: null };
    expect((await judge(rules, {}, none)).kept).toEqual([toKeep]);
  });

  it('is left to a newer worker if this one does not know a step', async () => {
    const steps = ['checkTomorrow'] as unknown as JudgeImageInput['steps'];
    const error = await judge({}, { steps }).catch((reason: unknown) => reason);
    expect(asFailure(error)).toMatchObject({ type: 'worker_outdated', nonRetryable: false });
  });

  it('compares the SHA-256 of the file with the given one', async () => {
    const steps = ['checkChecksum'] as const;
    const right = await judge({}, { steps, sha256: SHA256 });
    expect(right.results[0]?.findings).toEqual([]);
    const expected = 'f'.repeat(64);
    const wrong = await judge({}, { steps, sha256: expected });
    expect(wrong.results[0]?.findings).toEqual([
      { code: 'checksum_mismatch', key: 'asset', measured: { expected, sha256: SHA256 } },
    ]);
  });

  it('confirms no SHA-256 of a file that was too large to be hashed', async () => {
    const facts = { ...FACTS, sha256: null };
    const { results } = await judge({}, { facts, steps: ['checkChecksum'], sha256: SHA256 });
    expect(results).toMatchObject([{ findings: [], isUnknown: true }]);
  });
});
