import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Activities, type ActivityDeps, createActivities } from '../../activities/index.ts';
import { ACTIVITY_SLOTS } from '../../activities/slots.ts';
import { eventually } from '../support/eventually.ts';
import { fairWeather, openWorkflowLab, type WorkflowLab } from '../support/workflow-lab.ts';

describe('a tenant whose steps hang', () => {
  let lab: WorkflowLab;
  beforeEach(async () => {
    lab = await openWorkflowLab();
  });
  afterEach(() => lab.stop());

  it('leaves slots of a worker to the steps of other tenants', async () => {
    const released = Promise.withResolvers<void>();
    const ended = new Set<string>();
    let hanging = 0;
    let tries = 0;
    const source: Pick<ActivityDeps['source'], 'fetch'> = {
      async fetch(_path, { tenant }) {
        if (tenant === 'few') return { bytes: 1 };
        hanging += 1;
        await released.promise.finally(() => (hanging -= 1));
        return { bytes: 1 };
      },
    };
    const { checkAssetReachable } = createActivities({
      source: source as ActivityDeps['source'],
      onError: () => undefined,
    } as Partial<ActivityDeps> as ActivityDeps);
    const activities: Activities = {
      ...fairWeather(),
      claimAsset: ({ assetId }) =>
        Promise.resolve({ outcome: 'owned', claims: 1, tenant: assetId.split('-')[0] ?? '', send: null }),
      checkAssetReachable(...input) {
        tries += 1;
        return checkAssetReachable(...input);
      },
      finishAsset(input) {
        ended.add(input.assetId);
        return fairWeather().finishAsset(input);
      },
    };
    const start = (assetId: string) => lab.start({ assetId, stepExecution: 'regular' });

    await lab.withActivities(activities, async () => {
      const slow = Array.from({ length: ACTIVITY_SLOTS + 10 }, (_, index) => start(`slow-${index}`));
      await Promise.all(slow);
      // Without shares, the steps of this tenant have all slots now.
      await eventually(() => tries >= ACTIVITY_SLOTS, { what: 'a try for each slot' });
      expect(hanging).toBe(ACTIVITY_SLOTS / 2);
      await start('few-0');
      await eventually(() => ended.has('few-0'), { what: 'a verdict of another tenant' }).finally(
        released.resolve,
      );
    });
  });
});
