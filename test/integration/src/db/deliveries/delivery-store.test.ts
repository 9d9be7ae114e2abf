import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../../../../src/domain/api-key.ts';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { createDeliveryLog } from '../../../../../src/db/deliveries/delivery-log.ts';
import { createDeliveryStore } from '../../../../../src/db/deliveries/delivery-store.ts';
import { createDispatchQueue } from '../../../../../src/db/assets/dispatch-queue.ts';
import { createEndpointSecrets } from '../../../../../src/db/deliveries/endpoint-secrets.ts';
import { createValidationStore } from '../../../../../src/db/assets/validation-store.ts';
import { type PendingDelivery, START_EVENT_GRACE_MS } from '../../../../../src/domain/delivery.ts';
import { query } from '../../../../../src/db/query.ts';
import { cloneDatabase, lockRow, type TestDatabase, untilBlocked } from '../../../../support/database.ts';
import { eventually } from '../../../../support/eventually.ts';
import { expectWithin } from '../../../../support/machine-pace.ts';
import { insertEvents } from '../../../../support/tenant-events.ts';

const failure = { status: 500, durationMs: 3, error: 'http_500', reason: null, excerpt: 'oh no' };
const success = { ...failure, status: 200, error: null, excerpt: null };

describe('deliveries and endpoints in the database', () => {
  let database: TestDatabase;
  const ignore = () => undefined;
  const stores = () => ({
    deliveries: createDeliveryStore(database.orm, { endpointsMax: 1_000 }),
    log: createDeliveryLog(database.orm, ignore),
    secrets: createEndpointSecrets(database.orm),
    queue: createDispatchQueue(database.orm),
  });
  let runs = 0;

  beforeAll(async () => {
    database = await cloneDatabase();
  });
  afterAll(() => database?.drop());

  /** The start and end deliveries of a new asset that is complete. */
  async function makeDeliveries(url: string): Promise<{ start: string; end: string; assetId: string }> {
    const assets = createAssetStore(database.orm, ignore);
    const validations = createValidationStore(database.orm, ignore);
    const notifications = { onStart: `${url}/start`, onSuccess: `${url}/end` };
    const assetId = await assets.accept(DEFAULT_TENANT, {
      assetPath: { location: 'local', path: 'x.jpg' },
      notifications,
    });
    runs += 1;
    const owner = { assetId, runId: `run-${runs}` };
    const claim = await validations.claim(owner, 1);
    const end = await validations.finish(owner, { state: 'complete', findings: [], steps: [], image: null });
    if (claim.outcome !== 'owned' || end.outcome !== 'owned') throw new Error('not the owner');
    return { start: claim.send?.deliveryId ?? '', end: end.send?.deliveryId ?? '', assetId };
  }

  async function pending(id: string): Promise<PendingDelivery> {
    const found = await stores().deliveries.findPending(id);
    if (found === null) throw new Error('not pending');
    return found;
  }

  /** A pending delivery whose endpoint has been used. */
  async function usedDelivery(url: string): Promise<PendingDelivery> {
    const { start } = await makeDeliveries(url);
    await stores().deliveries.createEndpoint(start, Buffer.from('sealed'));
    return pending(start);
  }

  it('numbers tries, also those recorded together, and closes the delivery with the last', async () => {
    const { deliveries, log } = stores();
    const { start, end, assetId } = await makeDeliveries('https://numbers.example');
    const { startEventWaitMs } = await pending(end);
    expect(startEventWaitMs).toBeGreaterThan(0);
    expect(startEventWaitMs).toBeLessThanOrEqual(START_EVENT_GRACE_MS);
    const delivery = await pending(start);
    const reason = 'The certificate is self-signed.';
    await Promise.all([
      deliveries.recordTry(delivery, failure, 'pending', null),
      deliveries.recordTry(delivery, { ...failure, error: 'tls_error', reason }, 'pending', null),
    ]);
    expect(await pending(start)).toMatchObject({
      tries: 2,
      body: `{"id":"${assetId}","state":"in_progress"}`,
    });
    expect((await pending(end)).startEventWaitMs).toBe(0);
    await deliveries.recordTry(delivery, success, 'delivered', null);
    expect(await deliveries.findPending(start)).toBeNull();
    expect(await log.find(DEFAULT_TENANT, start)).toMatchObject({
      state: 'delivered',
      // The first two came at once, and may be recorded in either order.
      tries: [{}, {}, { status: 200, reason: null, excerpt: null }],
    });
    const { tries } = (await log.find(DEFAULT_TENANT, start)) ?? { tries: [] };
    expect(new Set(tries.map(({ error }) => error))).toEqual(new Set(['http_500', 'tls_error', null]));
    expect(tries).toContainEqual(
      expect.objectContaining({ error: 'http_500', reason: null, excerpt: 'oh no' }),
    );
    expect(tries).toContainEqual(expect.objectContaining({ error: 'tls_error', reason }));
  });

  it('makes a terminal event due as soon as the onStart that it waits for was tried', async () => {
    const { deliveries, log } = stores();
    const { start, end } = await makeDeliveries('https://order.example');
    await deliveries.parkUntilStartEvent(end, 60_000);
    const dueInMs = async () => ((await log.find(DEFAULT_TENANT, end))?.dueAt?.getTime() ?? 0) - Date.now();
    expect(await dueInMs()).toBeGreaterThan(5_000);
    await deliveries.recordTry(await pending(start), failure, 'pending', null);
    expectWithin(await dueInMs(), 1_000);
  });

  it('gives an endpoint one secret for all queries of its URL, whichever process is first', async () => {
    const { deliveries, secrets } = stores();
    const url = 'https://secrets.example/start';
    const { start } = await makeDeliveries('https://secrets.example');
    expect((await pending(start)).endpoint).toBeNull();
    const made = await Promise.all(
      ['one', 'two'].map((secret) => deliveries.createEndpoint(start, Buffer.from(secret))),
    );
    expect(made[0]).toEqual(made[1]);
    const [known] = await secrets.readOrCreate(DEFAULT_TENANT, `${url}?token=1#x`, Buffer.from('three'));
    expect([known]).toEqual(made[0]?.secrets);
    expect(await secrets.endpointIdOf(DEFAULT_TENANT, `${url}?other`)).toBe(
      (await pending(start)).endpointId,
    );
  });

  it('keeps the secret before the last for 24 h after a rotation', async () => {
    const { secrets } = stores();
    const { id, url } = await usedDelivery('https://rotate.example');
    const newer = Buffer.from('newer');
    expect(await secrets.rotate(DEFAULT_TENANT, url, newer, false)).toEqual([newer, Buffer.from('sealed')]);
    // Another rotation now would break receivers that still verify with the first secret.
    expect(await secrets.rotate(DEFAULT_TENANT, url, Buffer.from('newest'), false)).toBeNull();
    expect((await pending(id)).endpoint?.secrets).toHaveLength(2);
    await database.query(`UPDATE endpoints SET previous_secret_until = now() - interval '1 s'`);
    expect((await pending(id)).endpoint?.secrets).toEqual([Buffer.from('newer')]);
  });

  it('disables an endpoint at a 410, fails its waiting deliveries without a try, and lists them', async () => {
    const { deliveries, log } = stores();
    const gone = await usedDelivery('https://gone.example');
    const { start: waiting } = await makeDeliveries('https://gone.example');
    await deliveries.recordTry(
      gone,
      { ...failure, status: 410, error: 'http_410' },
      'failed',
      'endpoint_gone',
    );
    expect((await pending(waiting)).endpoint?.isDisabled).toBe(true);
    await deliveries.failUntried(waiting, 'endpoint_disabled');
    const failed = await log.list(
      DEFAULT_TENANT,
      { endpointId: gone.endpointId, state: 'failed' },
      { limit: 10 },
    );
    expect(failed.map(({ id, failure: why }) => [id, why])).toEqual([
      [waiting, 'endpoint_disabled'],
      [gone.id, 'endpoint_gone'],
    ]);
    expect(await log.replay(DEFAULT_TENANT, waiting)).toBe('endpoint_disabled');
    expect(await log.replayAll(DEFAULT_TENANT, { endpointId: gone.endpointId })).toEqual({
      replayed: 0,
      tooSoon: 0,
      leftOut: 2,
    });
    expect(await log.enable(DEFAULT_TENANT, gone.endpointId)).toBe(true);
    expect(await log.enable(DEFAULT_TENANT, gone.endpointId)).toBe(false);
    expect(await log.replayAll(DEFAULT_TENANT, { endpointId: gone.endpointId, state: 'failed' })).toEqual({
      replayed: 2,
      tooSoon: 0,
      leftOut: 0,
    });
  });

  it('disables an endpoint after 120 h with only failures, but not if an event was delivered meanwhile', async () => {
    const { deliveries } = stores();
    const first = await usedDelivery('https://failing.example');
    const isDisabled = async () => (await pending(first.id)).endpoint?.isDisabled;
    const backdate = () =>
      database.query(`UPDATE endpoints SET failing_since = now() - interval '121 hours' WHERE id = ?`, [
        first.endpointId,
      ]);
    await deliveries.recordTry(first, failure, 'pending', null);
    expect(await isDisabled()).toBe(false);
    await backdate();
    const second = await usedDelivery('https://failing.example');
    await deliveries.recordTry(second, success, 'delivered', null);
    await deliveries.recordTry(first, failure, 'pending', null);
    expect(await isDisabled()).toBe(false);
    await backdate();
    await deliveries.recordTry(first, failure, 'pending', null);
    expect(await isDisabled()).toBe(true);
  });

  it('replays a delivery under its id and body, from the beginning of the schedule, due at once', async () => {
    const { deliveries, log, queue } = stores();
    const delivery = await usedDelivery('https://replay.example');
    await deliveries.markHandedOver(delivery.id);
    await deliveries.recordTry(delivery, failure, 'failed', 'exhausted');
    expect(await log.replay(DEFAULT_TENANT, delivery.id)).toBe('replayed');
    expect(await pending(delivery.id)).toMatchObject({ tries: 0, body: delivery.body });
    expect((await queue.overdueDeliveries()).map(({ id }) => id)).toContain(delivery.id);
    expect((await log.find(DEFAULT_TENANT, delivery.id))?.tries).toHaveLength(1);
    expect(await log.replay(DEFAULT_TENANT, '00000000-0000-4000-8000-000000000000')).toBe('not_found');
  });

  it('replays a pending delivery at most once in 30 s, however many processes are asked to', async () => {
    const { deliveries, log, queue } = stores();
    const delivery = await usedDelivery('https://impatient.example');
    const filter = { endpointId: delivery.endpointId };
    const outcomes = await Promise.all([1, 2, 3].map(() => log.replay(DEFAULT_TENANT, delivery.id)));
    expect(outcomes.filter((outcome) => outcome === 'replayed')).toHaveLength(1);
    // The dispatcher has signaled its workflow. Another signal would bring nothing.
    expect(await queue.markHandedOver(delivery.id)).not.toBeNull();
    const again = await log.replay(DEFAULT_TENANT, delivery.id);
    expect(again).toEqual({ retryAfterS: expect.any(Number) });
    expect((again as { retryAfterS: number }).retryAfterS).toBeGreaterThan(0);
    expect((again as { retryAfterS: number }).retryAfterS).toBeLessThanOrEqual(30);
    expect(await log.replayAll(DEFAULT_TENANT, filter)).toEqual({ replayed: 0, tooSoon: 1, leftOut: 0 });
    expect((await queue.overdueDeliveries()).map(({ id }) => id)).not.toContain(delivery.id);

    const backdate = () =>
      database.query(`UPDATE deliveries SET replayed_at = now() - interval '31 s' WHERE id = ?`, [
        delivery.id,
      ]);
    await backdate();
    expect(await log.replayAll(DEFAULT_TENANT, filter)).toEqual({ replayed: 1, tooSoon: 0, leftOut: 0 });
    await backdate();
    expect(await log.replay(DEFAULT_TENANT, delivery.id)).toBe('replayed');
    // The database's clock was set back by an hour.
    await database.query(`UPDATE deliveries SET replayed_at = now() + interval '1 hour' WHERE id = ?`, [
      delivery.id,
    ]);
    expect(await log.replay(DEFAULT_TENANT, delivery.id)).toBe('replayed');
    // Once it has ended, there is nothing to wait for.
    await deliveries.recordTry({ ...delivery, round: 4 }, success, 'delivered', null);
    expect(await log.replay(DEFAULT_TENANT, delivery.id)).toBe('replayed');
  });

  it('replays many in steps, so that no row is locked until all of them are replayed', async () => {
    const { log } = stores();
    const urls = Array.from({ length: 2_500 }, () => 'https://many.example/hook');
    const [oldest = ''] = await insertEvents(database, 'many', urls);
    const countReplayed = async () => {
      const [row] = await database.query<{ count: number }>(
        `SELECT count(*)::integer AS count FROM deliveries WHERE owner = 'many' AND replays = 1`,
      );
      return row?.count ?? 0;
    };
    const release = await lockRow(database, 'deliveries', oldest);
    const replaying = log.replayAll('many', { state: 'pending' });
    await eventually(async () => (await countReplayed()) === 2_000, { what: 'the first steps' }).finally(
      release,
    );
    expect(await replaying).toEqual({ replayed: 2_500, tooSoon: 0, leftOut: 0 });
    expect(await log.replayAll('many', { state: 'pending' })).toEqual({
      replayed: 0,
      tooSoon: 2_500,
      leftOut: 0,
    });
  });

  it('records a try while rows of another tenant are locked', async () => {
    const { deliveries, log } = stores();
    const ours = await usedDelivery('https://free.example');
    const [locked = ''] = await insertEvents(database, 'locked', ['https://locked.example/hook']);
    const release = await lockRow(database, 'deliveries', locked);
    const theirs = deliveries.recordTry(await pending(locked), failure, 'pending', null);
    const recording = deliveries.recordTry(ours, success, 'delivered', null);
    const isDelivered = async () => (await log.find(DEFAULT_TENANT, ours.id))?.state === 'delivered';
    await eventually(isDelivered, { what: 'the recorded try' }).finally(release);
    await Promise.all([recording, theirs]);
  });

  it('keeps a replay that was requested during a try, whatever the result of that try', async () => {
    const { deliveries, log } = stores();
    const refused = await usedDelivery('https://overtaken.example');
    await log.replay(DEFAULT_TENANT, refused.id);
    await deliveries.recordTry(refused, { ...failure, status: 404, error: 'http_404' }, 'failed', 'rejected');
    // The late try does not use up one of the replay's own.
    expect(await pending(refused.id)).toMatchObject({ tries: 0 });
    // A receiver that got the event after all needs no second one.
    await deliveries.recordTry(refused, success, 'delivered', null);
    expect(await deliveries.findPending(refused.id)).toBeNull();
  });

  it('numbers a try right while another process records one of the same delivery', async () => {
    const { deliveries, log } = stores();
    const delivery = await usedDelivery('https://at-once.example');
    const [inserted, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const other = query(database.orm, (db) =>
      db.transaction().execute(async (transaction) => {
        await sql`INSERT INTO delivery_tries (delivery_id, number, at, duration_ms)
          VALUES (${delivery.id}, 1, now(), 1)`.execute(transaction);
        inserted.resolve();
        await mayCommit.promise;
      }),
    );
    await inserted.promise;
    const ours = deliveries.recordTry(delivery, failure, 'pending', null);
    await untilBlocked(database, 1);
    mayCommit.resolve();
    await Promise.all([other, ours]);
    expect((await log.find(DEFAULT_TENANT, delivery.id))?.tries).toMatchObject([
      { status: null },
      { status: 500 },
    ]);
  });

  it('records the tries of a group although one of them can not be stored', async () => {
    const { deliveries, log } = stores();
    const good = await Promise.all(
      Array.from({ length: 5 }, (_, index) => usedDelivery(`https://group-${index}.example`)),
    );
    const [kept] = good;
    if (kept === undefined) throw new Error('no delivery');
    const gone = { ...kept, id: '00000000-0000-4000-8000-000000000000' };
    const results = await Promise.allSettled([
      ...good.slice(1).map((delivery) => deliveries.recordTry(delivery, success, 'delivered', null)),
      deliveries.recordTry(gone, success, 'delivered', null),
      deliveries.recordTry(kept, { ...success, excerpt: 'a\0b' }, 'delivered', null),
      deliveries.recordTry(kept, { ...success, durationMs: 2 ** 31 }, 'delivered', null),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      ...good.slice(1).map(() => 'fulfilled'),
      // Its asset was deleted, so there is nothing to record.
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    for (const { id } of good.slice(1))
      expect(await log.find(DEFAULT_TENANT, id)).toMatchObject({
        state: 'delivered',
        tries: [{ status: 200 }],
      });
    expect(await pending(kept.id)).toMatchObject({ tries: 0 });
  });

  it('times a try by the clock of the database, as all times of the log', async () => {
    const { deliveries, log } = stores();
    const delivery = await usedDelivery('https://times.example');
    await deliveries.recordTry(delivery, { ...failure, durationMs: 3_600_000 }, 'pending', null);
    const [row] = await database.query<{ agoMs: number }>(
      'SELECT (1000 * extract(epoch FROM now() - at))::float8 AS "agoMs" FROM delivery_tries WHERE delivery_id = ?',
      [delivery.id],
    );
    expect(row?.agoMs).toBeGreaterThanOrEqual(3_600_000);
    expect((await log.find(DEFAULT_TENANT, delivery.id))?.tries[0]?.at).toBeInstanceOf(Date);
  });

  it('pages the log, newest first, by asset, endpoint, state, own name and time', async () => {
    const { log } = stores();
    const { start, end, assetId } = await makeDeliveries('https://pages.example');
    const ids = async (filter: object, page = {}) =>
      (await log.list(DEFAULT_TENANT, filter, { limit: 100, ...page })).map((entry) => entry.id);
    expect(await ids({ assetId })).toEqual([end, start]);
    expect(await ids({ assetId }, { limit: 1 })).toEqual([end]);
    expect(await ids({ assetId }, { before: end })).toEqual([start]);
    expect(await ids({ assetId, state: 'delivered' })).toEqual([]);
    expect(await ids({ assetId, endpointId: (await pending(start)).endpointId })).toEqual([start]);
    const { createdAt } = (await log.find(DEFAULT_TENANT, start)) ?? { createdAt: new Date() };
    const later = new Date(createdAt.getTime() + 60_000);
    expect(await ids({ assetId, since: later })).toEqual([]);
    expect(await ids({ assetId, since: createdAt, until: later })).toHaveLength(2);
    const others = await makeDeliveries('https://pages.example');
    expect(await ids({ externalId: 'mine' })).toEqual([]);
    await database.query(`UPDATE assets SET external_id = 'mine' WHERE id IN (?, ?)`, [
      assetId,
      others.assetId,
    ]);
    expect(await ids({ externalId: 'mine' })).toEqual([others.end, others.start, end, start]);
    expect(await ids({ externalId: 'mine', assetId })).toEqual([end, start]);
    expect(await log.list('someone else', { externalId: 'mine' }, { limit: 100 })).toEqual([]);
  });

  it('sends a test event that belongs to no asset', async () => {
    const { log, queue } = stores();
    const { id, endpointId } = await log.sendTest(DEFAULT_TENANT, 'https://test.example/hook');
    expect((await log.find(DEFAULT_TENANT, id))?.endpointId).toBe(endpointId);
    expect(await log.find(DEFAULT_TENANT, id)).toMatchObject({
      assetId: null,
      attempt: null,
      event: 'test',
      state: 'pending',
    });
    expect(await pending(id)).toMatchObject({ body: JSON.stringify({ id, state: 'test' }) });
    expect((await queue.overdueDeliveries()).map((overdue) => overdue.id)).toContain(id);
  });
});
