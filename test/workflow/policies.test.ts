import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckFinding } from '../../src/domain/findings.ts';
import { planFor, policyRules } from '../../src/domain/policy.ts';
import {
  fairWeather,
  openWorkflowLab,
  recordHistory,
  rocketFacts,
  stepResult,
  type WorkflowLab,
} from '../support/workflow-lab.ts';

const QUALITY = planFor({
  name: 'quality',
  version: 3,
  rules: policyRules.parse({
    formats: { allow: ['PNG'] },
    dark: { severity: 'warning' },
    exactDuplicates: {},
  }),
});
const earlier = { exact: null, near: [], sizes: null };

const found = (severity: CheckFinding['severity']): CheckFinding => ({
  code: 'too_dark',
  step: 'checkDark',
  key: 'asset',
  severity,
  measured: { score: 0.1 },
  message: 'Too dark.',
});

describe('a validation under a policy', () => {
  let lab: WorkflowLab;
  let assets = 0;
  const nextId = () => `policy-${(assets += 1)}`;

  beforeAll(async () => {
    lab = await openWorkflowLab();
  });
  afterAll(() => lab?.stop());

  it('runs only the steps that it needs, reads the file once and judges the rest in one go', async () => {
    const calls: string[] = [];
    const asked: unknown[] = [];
    const activities = {
      ...fairWeather(calls),
      checkIsImage(input: object) {
        calls.push('checkIsImage');
        asked.push(input);
        return stepResult({ facts: rocketFacts });
      },
      async judgeImage({ steps, rules, facts }: { steps: readonly string[]; rules: object; facts: object }) {
        calls.push('judgeImage');
        asked.push({ steps, rules, facts });
        return { results: await Promise.all(steps.map(() => stepResult())), earlier };
      },
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId(), policy: QUALITY, sha256: 'a'.repeat(64) });
      const result = await validation.result();
      expect(result).toMatchObject({ state: 'complete', image: { ...rocketFacts, earlier } });
      expect(result.outcome === 'finished' && result.steps.map(({ name, state }) => [name, state])).toEqual([
        ['checkWebhookUrls', 'passed'],
        ['checkAssetReachable', 'passed'],
        ['checkIsImage', 'passed'],
        ['checkChecksum', 'passed'],
        ['checkIsJpeg', 'passed'],
        ['checkDark', 'passed'],
        ['checkExactDuplicates', 'passed'],
      ]);
      expect(calls.filter((name) => name.startsWith('check') || name === 'judgeImage').sort()).toEqual([
        'checkAssetReachable',
        'checkIsImage',
        'checkWebhookUrls',
        'judgeImage',
      ]);
      expect(asked).toEqual([
        expect.objectContaining({ measures: ['brightness', 'pixelHash'] }),
        {
          steps: ['checkChecksum', 'checkIsJpeg', 'checkDark', 'checkExactDuplicates'],
          rules: QUALITY.rules,
          facts: rocketFacts,
        },
      ]);
      await recordHistory(lab.client, validation.workflowId, 'policy');
    });
  });

  it.each([
    ['error', 'failed', 'failed'],
    ['warning', 'complete', 'passed'],
    ['info', 'complete', 'passed'],
  ] as const)('with a finding of severity %s is %s', async (severity, state, stepState) => {
    const activities = {
      ...fairWeather(),
      judgeImage: async ({ steps }: { steps: readonly string[] }) => ({
        results: await Promise.all(
          steps.map((step) => stepResult({ findings: step === 'checkDark' ? [found(severity)] : [] })),
        ),
      }),
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId(), policy: QUALITY });
      const result = await validation.result();
      expect(result).toMatchObject({ state, findings: [found(severity)] });
      expect(
        result.outcome === 'finished' && result.steps.find(({ name }) => name === 'checkDark'),
      ).toMatchObject({ state: stepState });
    });
  });

  it('shows a step without facts as skipped, and is not held up by it', async () => {
    const activities = {
      ...fairWeather(),
      judgeImage: async ({ steps }: { steps: readonly string[] }) => ({
        results: await Promise.all(
          steps.map((step) => stepResult(step === 'checkDark' ? { isUnknown: true } : {})),
        ),
      }),
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId(), policy: QUALITY });
      const result = await validation.result();
      expect(result).toMatchObject({ state: 'complete' });
      expect(result.outcome === 'finished' && result.steps.slice(3)).toMatchObject([
        { name: 'checkIsJpeg', state: 'passed' },
        { name: 'checkDark', state: 'skipped' },
        { name: 'checkExactDuplicates', state: 'passed' },
      ]);
    });
  });

  it('skips steps that need facts if there are none', async () => {
    const calls: string[] = [];
    const activities = {
      ...fairWeather(calls),
      checkIsImage: () => stepResult({ findings: [{ code: 'not_an_image', key: 'asset' }] }),
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId(), policy: QUALITY });
      const result = await validation.result();
      expect(result.outcome === 'finished' && result.steps.map(({ state }) => state)).toEqual([
        'passed',
        'passed',
        'failed',
        'skipped',
        'skipped',
        'skipped',
      ]);
      expect(calls).not.toContain('judgeImage');
    });
  });

  it("shows the database's trouble on each of the steps judged together, and goes on once it is over", async () => {
    let tries = 0;
    const shown: unknown[] = [];
    const activities = {
      ...fairWeather(),
      recordSteps({ steps }: { steps: readonly { name: string; error: string | null }[] }) {
        shown.push(steps.filter(({ error }) => error !== null).map(({ name }) => name));
        return Promise.resolve();
      },
      async judgeImage({ steps }: { steps: readonly string[] }) {
        tries += 1;
        if (tries <= 2)
          throw ApplicationFailure.create({ message: 'The database does not answer.', type: 'trouble' });
        return { results: await Promise.all(steps.map(() => stepResult())) };
      },
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId(), policy: QUALITY });
      expect(await validation.result()).toMatchObject({ state: 'complete' });
      expect(shown).toEqual([['checkIsJpeg', 'checkDark', 'checkExactDuplicates']]);
    });
  });
});
