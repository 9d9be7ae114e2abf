import { PostgresQueryCompiler } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSendWebhook } from '../../../activities/send-webhook.ts';
import type { FailedWebhook } from '../../../src/domain/ports/webhooks.ts';
import { createAssetStore } from '../../../src/db/assets/asset-store.ts';
import { createValidationStore } from '../../../src/db/assets/validation-store.ts';
import { createDeliveryLog } from '../../../src/db/deliveries/delivery-log.ts';
import { createDeliveryStore } from '../../../src/db/deliveries/delivery-store.ts';
import type { Database } from '../../../src/db/orm.ts';
import { cloneDatabase, type TestDatabase } from '../../support/database.ts';
import { startReceiver, type TestReceiver } from '../../support/receiver.ts';
import { insertEvents } from '../../support/tenant-events.ts';
import { createTestSender } from '../../support/webhook-sender.ts';

interface Settings {
  readonly endpointsMax?: number;
  readonly eventsPerMinute?: number;
  readonly challenge?: 'off' | 'required';
  readonly orm?: Database;
}

describe('sending a webhook', () => {
  let database: TestDatabase;
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    database = await cloneDatabase();
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });
  afterAll(() => database?.drop());

  /** What was told about failed webhooks. */
  const failed: FailedWebhook[] = [];

  function activities({
    endpointsMax = 1_000,
    eventsPerMinute = 60_000,
    challenge = 'off',
    orm = database.orm,
  }: Settings) {
    const webhooks = createTestSender({ eventsPerMinute, challenge });
    ends.push(() => webhooks.close());
    const deliveries = createDeliveryStore(orm, { endpointsMax });
    return createSendWebhook({
      webhooks,
      deliveries,
      onWebhookFailed: (failure) => void failed.push(failure),
    });
  }

  async function receive(...[answer]: Parameters<typeof startReceiver>): Promise<TestReceiver> {
    const receiver = await startReceiver(answer);
    ends.push(() => receiver.close());
    return receiver;
  }

  /** The same database. Every statement that is sent to it is added to `statements`. */
  function watched(statements: string[]): Database {
    const compiler = new PostgresQueryCompiler();
    const kysely = database.orm.em.getKysely().withPlugin({
      transformQuery({ node, queryId }) {
        statements.push(compiler.compileQuery(node, queryId).sql.trim());
        return node;
      },
      transformResult: ({ result }) => Promise.resolve(result),
    });
    return { em: { getKysely: () => kysely } } as unknown as Database;
  }

  const acceptAsset = (url: string) =>
    createAssetStore(database.orm, () => undefined).accept('ordered', {
      assetPath: { location: 'local', path: 'x.jpg' },
      notifications: { onStart: `${url}/start`, onSuccess: `${url}/end` },
    });

  const log = () => createDeliveryLog(database.orm, () => undefined);

  it('tells of each failed try, and of no other, without the path of the URL', async () => {
    failed.length = 0;
    const down = await receive((_event, res) => {
      res.statusCode = 500;
      res.end();
    });
    const gone = await receive((_event, res) => {
      res.statusCode = 410;
      res.end();
    });
    const up = await receive();
    const urls = [down, gone, up].map(({ url }) => `${url}/secret`);
    const ids = await insertEvents(database, 'failing', urls);
    const { sendWebhook } = activities({});
    for (const deliveryId of ids) await sendWebhook({ deliveryId });
    const common = { tenant: 'failing', try: 1 };
    expect(failed).toEqual([
      {
        ...common,
        deliveryId: ids[0],
        receiver: `${down.url}/…`,
        status: 500,
        error: 'http_500',
        reason: null,
        nextTryInMs: expect.any(Number) as number,
      },
      {
        ...common,
        deliveryId: ids[1],
        receiver: `${gone.url}/…`,
        status: 410,
        error: 'http_410',
        reason: null,
        nextTryInMs: null,
      },
    ]);
  });

  it('costs two statements an event: one reads all that a try needs, one records it', async () => {
    const receiver = await receive();
    const statements: string[] = [];
    const [first = '', second = ''] = await insertEvents(database, 'hot', [receiver.url, receiver.url]);
    await activities({}).tryWebhookOnce({ deliveryId: first });
    await activities({ orm: watched(statements) }).tryWebhookOnce({ deliveryId: second });
    expect(receiver.events).toHaveLength(2);
    expect(statements.map((sql) => sql.slice(0, 6))).toEqual(['SELECT', 'WITH m']);
  });

  it.each([
    ['back', -3_600_000],
    ['ahead', 3_600_000],
  ])(
    'lets the end wait for the start for ten seconds at most, also if the clock is an hour %s',
    async (_d, stepMs) => {
      const receiver = await receive();
      const run = { assetId: await acceptAsset(receiver.url), runId: `run-${stepMs}` };
      const validations = createValidationStore(database.orm, () => undefined);
      await validations.claim(run, 1);
      const verdict = { state: 'complete', findings: [], steps: [], image: null } as const;
      const finished = await validations.finish(run, verdict);
      const end = (finished.outcome === 'owned' && finished.send?.deliveryId) || '';
      const { sendWebhook } = activities({});
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + stepMs });
      try {
        const waiting = await sendWebhook({ deliveryId: end });
        expect(waiting).toEqual({ outcome: 'later', waitMs: 500 });
        await database.query(
          `UPDATE deliveries SET created_at = now() - interval '11 s' WHERE asset_id = ? AND event = 'onStart'`,
          [run.assetId],
        );
        expect(await sendWebhook({ deliveryId: end })).toEqual({ outcome: 'done' });
      } finally {
        vi.useRealTimers();
      }
      expect(receiver.events.map(({ path }) => path)).toEqual(['/end']);
    },
  );

  it('sends no event of a deleted asset, and bears a deletion during the try', async () => {
    const assets = createAssetStore(database.orm, () => undefined);
    const validations = createValidationStore(database.orm, () => undefined);
    let assetId = '';
    const receiver = await receive((_event, res) => {
      void assets.delete('ordered', assetId).then(() => res.writeHead(503).end());
    });
    assetId = await acceptAsset(receiver.url);
    const claim = await validations.claim({ assetId, runId: 'run' }, 1);
    const start = (claim.outcome === 'owned' && claim.send?.deliveryId) || '';
    const verdict = { state: 'complete', findings: [], steps: [], image: null } as const;
    await validations.finish({ assetId, runId: 'run' }, verdict);
    const { sendWebhook } = activities({});
    const [kept = ''] = await insertEvents(database, 'ordered', [receiver.url]);
    expect((await sendWebhook({ deliveryId: start })).outcome).toBe('later');
    expect(receiver.events).toHaveLength(1);
    expect(await log().list('ordered', { assetId }, { limit: 10 })).toEqual([]);
    expect(await sendWebhook({ deliveryId: start })).toEqual({ outcome: 'done' });
    expect(receiver.events).toHaveLength(1);
    // The try of another delivery is recorded, although one of the same statement has lost its delivery.
    const deliveries = createDeliveryStore(database.orm, { endpointsMax: 10 });
    const other = await deliveries.findPending(kept);
    if (other === null) throw new Error('not pending');
    const made = { status: 503, durationMs: 1, error: 'http_503', reason: null, excerpt: null };
    await Promise.all([
      deliveries.recordTry({ ...other, id: start }, made, 'pending', null),
      deliveries.recordTry(other, made, 'pending', null),
    ]);
    expect((await log().find('ordered', kept))?.tries).toHaveLength(1);
  });

  it("leaves an event beyond its tenant's tries of the minute in its row, untried and without a workflow", async () => {
    const receiver = await receive();
    const { tryWebhookOnce, sendWebhook } = activities({ eventsPerMinute: 1 });
    const hooks = Array.from({ length: 3 }, () => receiver.url);
    const [tried = '', inLine = '', handedOver = ''] = await insertEvents(database, 'fast', hooks);
    await tryWebhookOnce({ deliveryId: tried });
    expect(await tryWebhookOnce({ deliveryId: inLine })).toEqual({ outcome: 'done' });
    expect(await sendWebhook({ deliveryId: handedOver })).toEqual({ outcome: 'done' });
    expect(receiver.events.map((event) => event.headers['webhook-id'])).toEqual([tried]);
    for (const id of [inLine, handedOver]) {
      const entry = await log().find('fast', id);
      expect(entry).toMatchObject({ state: 'pending', tries: [] });
      expect((entry?.dueAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(50_000);
    }
  });

  it('fails with `endpoint_limit`, and sends nothing, if its endpoint would be one too many', async () => {
    const receiver = await receive();
    const { tryWebhookOnce, sendWebhook } = activities({ endpointsMax: 1 });
    const hooks = ['/1', '/2', '/3'].map((path) => `${receiver.url}${path}`);
    const [first = '', inLine = '', handedOver = ''] = await insertEvents(database, 'limited', hooks);
    await tryWebhookOnce({ deliveryId: first });
    expect(await tryWebhookOnce({ deliveryId: inLine })).toEqual({ outcome: 'done' });
    expect(await sendWebhook({ deliveryId: handedOver })).toEqual({ outcome: 'done' });
    for (const id of [inLine, handedOver])
      expect(await log().find('limited', id)).toMatchObject({
        state: 'failed',
        failure: 'endpoint_limit',
        tries: [],
      });
    expect(receiver.events.map((event) => event.path)).toEqual(['/1']);
    expect(await log().replay('limited', inLine)).toBe('replayed');
    await activities({ endpointsMax: 2 }).sendWebhook({ deliveryId: inLine });
    expect(await log().find('limited', inLine)).toMatchObject({ state: 'delivered' });
  });
});
