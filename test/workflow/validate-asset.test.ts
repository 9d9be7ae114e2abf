import { heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelSignal, statusQuery } from '../../workflows/contract.ts';
import { eventually } from '../support/eventually.ts';
import {
  fairWeather,
  openWorkflowLab,
  recordHistory,
  rocketFacts,
  stepResult,
  type WorkflowLab,
} from '../support/workflow-lab.ts';
import { expectWithin } from '../support/machine-pace.ts';

const trouble = () =>
  ApplicationFailure.create({ message: 'The storage does not answer.', type: 'storage_unavailable' });

describe('validateAsset', () => {
  let lab: WorkflowLab;
  let assets = 0;
  const nextId = () => `test-${(assets += 1)}`;

  beforeAll(async () => {
    lab = await openWorkflowLab();
  });
  afterAll(() => lab?.stop());

  it('runs the five steps as local activities and is complete', async () => {
    const calls: string[] = [];
    await lab.withActivities(fairWeather(calls), async () => {
      const validation = await lab.start({ assetId: nextId() });
      const result = await validation.result();
      expect(result).toMatchObject({
        outcome: 'finished',
        state: 'complete',
        findings: [],
        image: rocketFacts,
      });
      expect(calls[0]).toBe('claimAsset');
      expect(calls.at(-1)).toBe('finishAsset');
      expect(new Set(calls.slice(1, -1))).toEqual(
        new Set([
          'checkWebhookUrls',
          'checkAssetReachable',
          'checkIsImage',
          'checkIsJpeg',
          'checkDimensions',
        ]),
      );
      await recordHistory(lab.client, validation.workflowId, 'complete');
    });
  });

  it('tells the decoders whose image it is', async () => {
    const asked: unknown[] = [];
    const activities = {
      ...fairWeather([]),
      claimAsset: () =>
        Promise.resolve({ outcome: 'owned', claims: 1, tenant: 'research', send: null } as const),
      checkIsImage(input: object) {
        asked.push(input);
        return stepResult({ facts: rocketFacts });
      },
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId() });
      await validation.result();
      expect(asked).toEqual([expect.objectContaining({ tenant: 'research' })]);
    });
  });

  it('tells onStart before the terminal event, and reports every finding', async () => {
    const calls: string[] = [];
    const activities = {
      ...fairWeather(calls),
      claimAsset: () =>
        Promise.resolve({
          outcome: 'owned',
          claims: 1,
          send: { deliveryId: 'start', event: 'onStart' },
        } as const),
      checkWebhookUrls: () => stepResult({ findings: [{ code: 'webhook_url_invalid', key: 'onSuccess' }] }),
      checkIsImage: () => stepResult({ facts: { ...rocketFacts, format: 'PNG', width: 2000 } }),
      checkIsJpeg: () =>
        stepResult({ findings: [{ code: 'format_not_allowed', key: 'asset', measured: { format: 'PNG' } }] }),
      checkDimensions: () =>
        stepResult({
          findings: [{ code: 'dimensions_too_large', key: 'asset', measured: { width: 2000, height: 427 } }],
        }),
      finishAsset: () =>
        Promise.resolve({
          outcome: 'owned',
          state: 'failed',
          send: { deliveryId: 'end', event: 'onFailure' },
        } as const),
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({
        assetId: nextId(),
        webhookKeys: ['onStart', 'onSuccess', 'onFailure'],
      });
      const result = await validation.result();
      expect(result.outcome === 'finished' && result.findings.map((finding) => finding.code).sort()).toEqual([
        'dimensions_too_large',
        'format_not_allowed',
        'webhook_url_invalid',
      ]);
      expect(calls.filter((call) => call.startsWith('tryWebhookOnce'))).toEqual([
        'tryWebhookOnce start',
        'tryWebhookOnce end',
      ]);
      await recordHistory(lab.client, validation.workflowId, 'failed-with-webhooks');
    });
  });

  it("skips the steps that can't run on an unreachable file", async () => {
    const calls: string[] = [];
    const activities = {
      ...fairWeather(calls),
      checkAssetReachable: () => stepResult({ findings: [{ code: 'asset_not_reachable', key: 'onStart' }] }),
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId() });
      const result = await validation.result();
      expect(result.outcome === 'finished' && result.steps.map((record) => record.state)).toEqual([
        'passed',
        'failed',
        'skipped',
        'skipped',
        'skipped',
      ]);
      expect(calls).not.toContain('checkIsImage');
      await recordHistory(lab.client, validation.workflowId, 'unreachable');
    });
  });

  it('writes and sends nothing when another run owns the asset', async () => {
    const calls: string[] = [];
    const activities = {
      ...fairWeather(calls),
      claimAsset: () => Promise.resolve({ outcome: 'superseded' } as const),
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId() });
      expect(await validation.result()).toEqual({ outcome: 'superseded' });
      expect(calls).toEqual([]);
      await recordHistory(lab.client, validation.workflowId, 'superseded');
    });
  });

  it('falls back to a regular activity when the local tries fail, and shows the trouble', async () => {
    const recorded: unknown[] = [];
    let tries = 0;
    const activities = {
      ...fairWeather(),
      checkIsImage: () => {
        tries += 1;
        return tries <= 2 ? Promise.reject(trouble()) : stepResult({ facts: rocketFacts });
      },
      recordSteps: ({ steps }: { steps: readonly { name: string }[] }) => {
        recorded.push(steps.find((record) => record.name === 'checkIsImage'));
        return Promise.resolve();
      },
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId() });
      const result = await validation.result();
      expect(recorded).toMatchObject([
        { state: 'running', attempts: 2, error: 'The storage does not answer.' },
      ]);
      expect(result.outcome === 'finished' && result.steps[2]).toMatchObject({
        state: 'passed',
        attempts: 3,
        error: null,
      });
      await recordHistory(lab.client, validation.workflowId, 'fallback-to-regular');
    });
  });

  it("is failed with internal_error if a step can't be carried out", async () => {
    const activities = {
      ...fairWeather(),
      checkIsImage: () => Promise.reject(ApplicationFailure.nonRetryable('Unexpected TypeError', 'internal')),
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId() });
      expect(await validation.result()).toMatchObject({
        state: 'failed',
        findings: [{ code: 'internal_error', key: 'internal' }],
      });
      await recordHistory(lab.client, validation.workflowId, 'internal-error');
    });
  });

  it('is canceled by the signal in the middle of a step, answers status meanwhile', async () => {
    const id = nextId();
    const verdicts: string[] = [];
    const activities = {
      ...fairWeather(),
      checkIsImage: () => Promise.reject(trouble()),
      finishAsset: ({ verdict }: { verdict: { state: 'complete' | 'failed' | 'canceled' } }) => {
        verdicts.push(verdict.state);
        return Promise.resolve({ outcome: 'owned', state: verdict.state, send: null } as const);
      },
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: id });
      const handle = lab.client.workflow.getHandle(validation.workflowId);
      await eventually(async () => {
        const status = await handle.query(statusQuery);
        return status.steps.some((record) => record.error !== null);
      });
      await handle.signal(cancelSignal, 'enough');
      expect(await validation.result()).toMatchObject({
        outcome: 'finished',
        state: 'canceled',
        findings: [],
      });
      expect(verdicts).toEqual(['canceled']);
      await recordHistory(lab.client, validation.workflowId, 'canceled-by-signal');
    });
  });

  it('writes canceled and ends as Canceled when the workflow is cancelled from outside', async () => {
    const verdicts: string[] = [];
    const activities = {
      ...fairWeather(),
      checkIsImage: () => Promise.reject(trouble()),
      finishAsset: ({ verdict }: { verdict: { state: 'complete' | 'failed' | 'canceled' } }) => {
        verdicts.push(verdict.state);
        return Promise.resolve({ outcome: 'owned', state: verdict.state, send: null } as const);
      },
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId() });
      const handle = lab.client.workflow.getHandle(validation.workflowId);
      await eventually(async () =>
        (await handle.query(statusQuery)).steps.some((record) => record.error !== null),
      );
      await handle.cancel();
      await expect(validation.result()).rejects.toThrow('Workflow execution cancelled');
      expect((await handle.describe()).status.name).toBe('CANCELLED');
      expect(verdicts).toEqual(['canceled']);
      await recordHistory(lab.client, validation.workflowId, 'cancelled-from-outside');
    });
  });

  it('hands a delivery that does not settle at once to a workflow that outlives it', async () => {
    const calls: string[] = [];
    let sends = 0;
    let isValidated = false;
    const activities = {
      ...fairWeather(calls),
      claimAsset: () =>
        Promise.resolve({
          outcome: 'owned',
          claims: 1,
          send: { deliveryId: 'hard', event: 'onStart' },
        } as const),
      tryWebhookOnce: () => Promise.resolve({ outcome: 'later', waitMs: 0 } as const),
      sendWebhook: () => {
        sends += 1;
        return Promise.resolve(
          sends < 3 || !isValidated
            ? ({ outcome: 'later', waitMs: 300 } as const)
            : ({ outcome: 'done' } as const),
        );
      },
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId(), webhookKeys: ['onStart'] });
      expect(await validation.result()).toMatchObject({ state: 'complete' });
      isValidated = true;
      await lab.client.workflow.getHandle('delivery-hard').result();
      expect(sends).toBeGreaterThanOrEqual(3);
      await recordHistory(lab.client, validation.workflowId, 'delivery-handed-over');
      await recordHistory(lab.client, 'delivery-hard', 'deliver-webhook');
    });
  });

  it('takes an image that silences the worker three times for decoder_crashed', async () => {
    const silenced: (() => void)[] = [];
    const activities = {
      ...fairWeather(),
      claimAsset: () => Promise.resolve({ outcome: 'owned', claims: 3, send: null } as const),
      checkIsImage: async () => {
        heartbeat();
        await new Promise<void>((resolve) => silenced.push(resolve));
        return stepResult();
      },
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId() });
      expect(await validation.result()).toMatchObject({
        state: 'failed',
        findings: [{ code: 'decoder_crashed', key: 'asset' }],
      });
      expect(silenced).toHaveLength(3);
      for (const end of silenced) end();
      await recordHistory(lab.client, validation.workflowId, 'decoder-crashed');
    });
  });

  it('goes on trying other steps when the worker died twice during one, because trouble is no verdict', async () => {
    let tries = 0;
    const activities = {
      ...fairWeather(),
      claimAsset: () => Promise.resolve({ outcome: 'owned', claims: 3, send: null } as const),
      checkWebhookUrls: () => {
        tries += 1;
        return tries <= 3 ? Promise.reject(trouble()) : stepResult();
      },
    };
    await lab.withActivities(activities, async () => {
      const validation = await lab.start({ assetId: nextId() });
      expect(await validation.result()).toMatchObject({ state: 'complete', findings: [] });
      expect(tries).toBe(4);
    });
  });

  it('repeats a regular try after 15 s if it was lost with its worker', async () => {
    const lost: (() => void)[] = [];
    const activities = {
      ...fairWeather(),
      checkAssetReachable: async () => {
        if (lost.length === 0) await new Promise<void>((resolve) => lost.push(resolve));
        return stepResult();
      },
    };
    await lab.withActivities(activities, async () => {
      const begin = performance.now();
      const validation = await lab.start({ assetId: nextId(), stepExecution: 'regular' });
      expect(await validation.result()).toMatchObject({ state: 'complete' });
      expectWithin(performance.now() - begin, 25_000);
      for (const end of lost) end();
    });
  });
});
