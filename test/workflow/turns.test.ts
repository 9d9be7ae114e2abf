import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Activities } from '../../activities/index.ts';
import { createAssetStore } from '../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../src/db/assets/dispatch-queue.ts';
import type { DispatchQueue } from '../../src/domain/ports/dispatch.ts';
import { type Dispatcher, startDispatcher } from '../../src/temporal/dispatcher.ts';
import { cloneDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { insertEvents } from '../support/tenant-events.ts';
import { fairWeather, openWorkflowLab, stepResult, type WorkflowLab } from '../support/workflow-lab.ts';

/** Twice what a worker has under way at once. */
const A_FEW = 32;

describe('beside a tenant with thousands of', () => {
  let lab: WorkflowLab;
  let database: TestDatabase;
  let queue: DispatchQueue;
  let dispatcher: Dispatcher;
  /** Ids of the assets that have a verdict, in this order. */
  let ended: string[];

  beforeEach(async () => {
    [lab, database] = await Promise.all([openWorkflowLab(), cloneDatabase()]);
    queue = createDispatchQueue(database.orm);
    ended = [];
  });
  afterEach(async () => {
    await lab.stop();
    await database.drop();
  });

  /** Their ids are smaller than that of the other tenant's asset, so they have waited longer. */
  const floodWithAssets = () =>
    database.query(
      `INSERT INTO assets (id, owner, location, path)
       SELECT lpad(to_hex(number), 32, '0')::uuid, 'flood', 'local', 'flood.jpg' FROM generate_series(1, 4000) AS number`,
    );

  const floodWithEvents = () =>
    insertEvents(
      database,
      'flood',
      Array.from({ length: 1_000 }, () => 'https://flood.example/hook'),
    );

  /** Runs a worker with its own dispatcher. */
  function withWorker(activities: Partial<Activities>, work: () => Promise<void>): Promise<void> {
    const finishAsset: Activities['finishAsset'] = (input) => {
      ended.push(input.assetId);
      dispatcher.ended(input.assetId);
      return fairWeather().finishAsset(input);
    };
    return lab.withActivities({ ...fairWeather(), finishAsset, ...activities }, async () => {
      dispatcher = startDispatcher({
        queue,
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

  it('assets, a verdict of another tenant comes after a few validations', async () => {
    await floodWithAssets();
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

  it('assets that hang, a verdict of another tenant comes all the same', async () => {
    await floodWithAssets();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const checkAssetReachable: Activities['checkAssetReachable'] = async ({ assetPath }) => {
      if ('path' in assetPath && assetPath.path === 'flood.jpg') await released;
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

  it('events, an asset of another tenant starts while they are handed over', async () => {
    await floodWithEvents();
    const release = Promise.withResolvers<void>();
    const handingOver = Promise.withResolvers<void>();
    const { markHandedOver } = queue;
    queue.markHandedOver = async (id) => {
      handingOver.resolve();
      await release.promise;
      return markHandedOver(id);
    };
    await withWorker({}, async () => {
      await handingOver.promise;
      const id = await acceptOfAnother();
      await eventually(() => ended.includes(id), { what: 'the verdict' }).finally(release.resolve);
    });
  });

  it('events, an event of another tenant is handed over after a few of them', async () => {
    await floodWithEvents();
    const handedOver: string[] = [];
    const { markHandedOver } = queue;
    const few = Promise.withResolvers<string>();
    queue.markHandedOver = async (id) => {
      handedOver.push(id);
      if (handedOver.length === 1)
        few.resolve((await insertEvents(database, 'few', ['https://few.example/hook']))[0] ?? '');
      return markHandedOver(id);
    };
    await withWorker({}, async () => {
      const id = await few.promise;
      await eventually(() => handedOver.includes(id), { what: 'its turn' });
      expect(handedOver.indexOf(id)).toBeLessThan(A_FEW);
    });
  });
});
