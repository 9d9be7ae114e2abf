import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createAssetStore } from '../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../src/db/assets/dispatch-queue.ts';
import { type EmbeddedTemporal, startEmbeddedTemporal } from '../../src/dev/embedded-temporal.ts';
import { freePort } from '../../src/dev/free-port.ts';
import type { AssetStore } from '../../src/domain/ports/assets.ts';
import { startDispatcher } from '../../src/temporal/dispatcher.ts';
import { assetWorkflowId, cancelSignal, deliveryWorkflowId, tryNowSignal } from '../../workflows/contract.ts';
import { cloneDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { insertEvents } from '../support/tenant-events.ts';
import { openWorkflowLab, type WorkflowLab } from '../support/workflow-lab.ts';

const TENANT = 'default';

/** A run of this server takes two signals, and no more. Otherwise the limit is 10,000. */
const MAX_SIGNALS = 2;

/** A round of the dispatcher takes at most 16 deliveries, 50 requests to cancel, or 8 starts. */
const MORE_THAN_A_ROUND = 55;
const MORE_THAN_ALL_STARTS = 12;

/** Temporal takes inputs below 2 MiB. */
const TOO_LARGE = 'x'.repeat(2_500_000);

describe('what Temporal refuses', () => {
  let dir: string;
  let temporal: EmbeddedTemporal;
  let lab: WorkflowLab;
  let database: TestDatabase;
  let assets: AssetStore;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-temporal-'));
    temporal = await startEmbeddedTemporal({
      cliPath: inject('temporalCli'),
      dataDir: dir,
      port: await freePort(),
      uiPort: await freePort(),
      namespace: 'default',
      dynamicConfig: [`history.maximumSignalsPerExecution=${MAX_SIGNALS}`],
      log: () => undefined,
    });
    [lab, database] = await Promise.all([openWorkflowLab(temporal.address), cloneDatabase()]);
    assets = createAssetStore(database.orm, () => undefined);
  });
  beforeEach(async () => {
    await database.query('DELETE FROM deliveries');
    await database.query('DELETE FROM assets');
  });
  afterAll(async () => {
    await lab?.stop();
    await database?.drop();
    await temporal?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  /** Runs a dispatcher until `until` is true. Returns the ids of the items whose failures it reported. */
  async function dispatchUntil(until: () => Promise<boolean>, what: string): Promise<Set<string>> {
    const reported = new Set<string>();
    const dispatcher = startDispatcher({
      queue: createDispatchQueue(database.orm),
      client: lab.client,
      stepExecution: 'local',
      eager: false,
      mayStart: () => Promise.resolve(true),
      turns: null,
      onError: (_error, _doing, id = 'all') => void reported.add(id),
    });
    try {
      await eventually(until, { what });
    } finally {
      await dispatcher.stop();
    }
    return reported;
  }

  /** A workflow that no worker takes, and that takes no more signals. */
  async function startFull(workflowId: string, signal: typeof cancelSignal | typeof tryNowSignal) {
    const handle = await lab.client.workflow.start('anything', { workflowId, taskQueue: 'nowhere' });
    for (let count = 0; count < MAX_SIGNALS; count += 1) await handle.signal(signal.name);
  }

  const isRunning = (workflowId: string) =>
    lab.client.workflow
      .getHandle(workflowId)
      .describe()
      .then(
        () => true,
        () => false,
      );

  const accept = (path = 'x.jpg') =>
    assets.accept(TENANT, { assetPath: { location: 'local', path }, notifications: {} });

  /** Assets with a running workflow, and a request to cancel that nobody has passed on. */
  async function acceptCanceled(count: number, start: (workflowId: string) => Promise<unknown>) {
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) ids.push(await accept());
    for (const id of ids) {
      await start(assetWorkflowId(id));
      await database.query(
        `UPDATE assets SET held_by = 'asset-' || id::text, dispatched_at = now() - interval '1 min' WHERE id = ?`,
        [id],
      );
      await assets.requestCancel(TENANT, id, null);
    }
    return ids;
  }

  it('keeps no delivery from its workflow but those that it is about', async () => {
    const urls = Array.from({ length: MORE_THAN_A_ROUND + 1 }, () => 'https://example.com/hook');
    const ids = await insertEvents(database, TENANT, urls);
    const refused = ids.slice(0, -1);
    const behind = ids.at(-1) ?? '';
    for (const id of refused) await startFull(deliveryWorkflowId(id), tryNowSignal);

    const reported = await dispatchUntil(() => isRunning(deliveryWorkflowId(behind)), 'the last delivery');
    expect([...reported]).toEqual(expect.arrayContaining(refused));
    expect([...reported]).not.toContain(behind);
    const [late] = await database.query<{ waiting: number }>(
      `SELECT count(*)::int AS waiting FROM deliveries WHERE state = 'pending' AND handed_over_at IS NULL`,
    );
    expect(late?.waiting).toBe(MORE_THAN_A_ROUND);
  });

  it('keeps no request to cancel from its workflow but those that it is about, and no delivery', async () => {
    const refused = await acceptCanceled(MORE_THAN_A_ROUND, (workflowId) =>
      startFull(workflowId, cancelSignal),
    );
    const [behind] = await acceptCanceled(1, (workflowId) =>
      lab.client.workflow.start('anything', { workflowId, taskQueue: 'nowhere' }),
    );
    const [delivery = ''] = await insertEvents(database, TENANT, ['https://example.com/hook']);

    const reported = await dispatchUntil(async () => {
      const signaled = await database.query<{ id: string }>(
        'SELECT id FROM assets WHERE cancel_signaled_at IS NOT NULL',
      );
      return signaled.some(({ id }) => id === behind) && isRunning(deliveryWorkflowId(delivery));
    }, 'the last request to cancel, and the delivery');
    expect([...reported]).toEqual(expect.arrayContaining(refused));
    expect([...reported]).not.toContain(behind);
  });

  it('keeps no asset from its start but those that it is about', async () => {
    const refused: string[] = [];
    for (let index = 0; index < MORE_THAN_ALL_STARTS; index += 1) {
      const id = await accept();
      await database.query('UPDATE assets SET path = ? WHERE id = ?', [TOO_LARGE, id]);
      refused.push(id);
    }
    const behind = await accept();
    const reported = await dispatchUntil(() => isRunning(assetWorkflowId(behind)), 'the last start');
    expect([...reported]).toEqual(expect.arrayContaining(refused));
    expect([...reported]).not.toContain(behind);
  });
});
