import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Activities } from '../../activities/index.ts';
import { createAssetStore } from '../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../src/db/assets/dispatch-queue.ts';
import { type Dispatcher, startDispatcher } from '../../src/temporal/dispatcher.ts';
import { cloneDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { fairWeather, openWorkflowLab, stepResult, type WorkflowLab } from '../support/workflow-lab.ts';

/** Twice what a worker has under way at once. */
const A_FEW = 32;

describe('a tenant with 4,000 assets', () => {
  let lab: WorkflowLab;
  let database: TestDatabase;
  let dispatcher: Dispatcher;
  /** Ids of the assets that have a verdict, in this order. */
  let ended: string[];

  beforeEach(async () => {
    [lab, database] = await Promise.all([openWorkflowLab(), cloneDatabase()]);
    ended = [];
    // Their ids are smaller than that of the other tenant's asset, so they have waited longer.
    await database.query(
      `INSERT INTO assets (id, owner, location, path)
       SELECT lpad(to_hex(number), 32, '0')::uuid, 'flood', 'local', 'flood.jpg' FROM generate_series(1, 4000) AS number`,
    );
  });
  afterEach(async () => {
    await lab.stop();
    await database.drop();
  });

  /** Runs a worker with its own dispatcher. */
  function withWorker(activities: Partial<Activities>, work: () => Promise<void>): Promise<void> {
    const finishAsset: Activities['finishAsset'] = (input) => {
      ended.push(input.assetId);
      dispatcher.ended(input.assetId);
      return fairWeather().finishAsset(input);
    };
    return lab.withActivities({ ...fairWeather(), finishAsset, ...activities }, async () => {
      dispatcher = startDispatcher({
        queue: createDispatchQueue(database.orm),
        client: lab.client,
        stepExecution: 'local',
        eager: true,
        mayStart: () => Promise.resolve(true),
        turns: null,
        onError: (error) => {
          throw error;
        },
      });
      try {
        await work();
      } finally {
        await dispatcher.stop();
      }
    });
  }

  async function acceptOfAnother(): Promise<string> {
    const assets = createAssetStore(database.orm, () => dispatcher.wake());
    return assets.accept('few', { assetPath: { location: 'local', path: 'x.jpg' }, notifications: {} });
  }

  it('delays the verdict of another tenant by a few validations only', async () => {
    await withWorker({}, async () => {
      await eventually(() => ended.length > 0, { what: 'the first verdict' });
      const before = ended.length;
      const id = await acceptOfAnother();
      await eventually(() => ended.includes(id) || ended.length > before + 4 * A_FEW, {
        what: 'the verdict',
      });
      expect(ended).toContain(id);
    });
  });

  it('delays no other tenant when its assets hang', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const checkAssetReachable: Activities['checkAssetReachable'] = async ({ assetPath }) => {
      if (assetPath.path === 'flood.jpg') await released;
      return stepResult();
    };
    const countStarted = async () => {
      const [row] = await database.query<{ started: number }>(
        `SELECT count(*)::integer AS started FROM assets WHERE owner = 'flood' AND dispatched_at IS NOT NULL`,
      );
      return row?.started ?? 0;
    };
    await withWorker({ checkAssetReachable }, async () => {
      await eventually(async () => (await countStarted()) >= 16, { what: 'a full room' });
      const id = await acceptOfAnother();
      // Validations that hang leave the room after 5 s. Without a share for others, more of the flood would take their places.
      const isOver = async () => ended.includes(id) || (await countStarted()) > 4 * A_FEW;
      await eventually(isOver, { what: 'the verdict' }).finally(release);
      expect(ended).toContain(id);
    });
  });
});
