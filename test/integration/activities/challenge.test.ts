import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSendWebhook } from '../../../activities/send-webhook.ts';
import { createDeliveryLog } from '../../../src/db/deliveries/delivery-log.ts';
import { createDeliveryStore } from '../../../src/db/deliveries/delivery-store.ts';
import type { DeliveryEntry, DeliveryStore } from '../../../src/domain/ports/webhooks.ts';
import { formatSecret } from '../../../src/webhooks/sign.ts';
import { cloneDatabase, type TestDatabase } from '../../support/database.ts';
import { expectWithin } from '../../support/machine-pace.ts';
import { type ReceivedEvent, startReceiver, type TestReceiver } from '../../support/receiver.ts';
import { insertEvents } from '../../support/tenant-events.ts';
import { createTestSender, secretBox } from '../../support/webhook-sender.ts';

const isChallenge = (event: ReceivedEvent) => event.body.includes('"state":"challenge"');

describe('with WEBHOOK_CHALLENGE=required', () => {
  let database: TestDatabase;
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    database = await cloneDatabase();
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });
  afterAll(() => database?.drop());

  function activities(challenge: 'off' | 'required' = 'required', overrides: Partial<DeliveryStore> = {}) {
    const webhooks = createTestSender({ challenge });
    ends.push(() => webhooks.close());
    return createSendWebhook({
      webhooks,
      deliveries: { ...createDeliveryStore(database.orm, { endpointsMax: 1_000 }), ...overrides },
    });
  }

  async function receive(...[answer]: Parameters<typeof startReceiver>): Promise<TestReceiver> {
    const receiver = await startReceiver(answer);
    ends.push(() => receiver.close());
    return receiver;
  }

  const log = () => createDeliveryLog(database.orm, () => undefined);

  async function ownerOf(id: string): Promise<string> {
    const [row] = await database.query<{ owner: string }>('SELECT owner FROM deliveries WHERE id = ?', [id]);
    return row?.owner ?? '';
  }

  async function find(id: string): Promise<DeliveryEntry> {
    const entry = await log().find(await ownerOf(id), id);
    if (entry === null) throw new Error('no such delivery');
    return entry;
  }

  async function endpointOf(id: string) {
    const { endpointId } = await find(id);
    return log().findEndpoint(await ownerOf(id), endpointId);
  }

  async function verifier(id: string): Promise<Webhook> {
    const { endpointId } = await find(id);
    const [row] = await database.query<{ secret: Buffer }>('SELECT secret FROM endpoints WHERE id = ?', [
      endpointId,
    ]);
    return new Webhook(formatSecret(secretBox.open(row?.secret ?? Buffer.alloc(0), endpointId)));
  }

  it('an endpoint that echoes a signed challenge is verified, then gets its event, within one try', async () => {
    const receiver = await receive((event, res) => {
      res.end(event.body);
    });
    const hooks = [`${receiver.url}/hook?asset=1`, `${receiver.url}/hook?asset=2`];
    const [first = '', second = ''] = await insertEvents(database, 'willing', hooks);
    const { tryWebhookOnce, sendWebhook } = activities();
    await tryWebhookOnce({ deliveryId: first });
    // On a busy machine the first answer may count as slow. Then only this one tries again at once.
    await sendWebhook({ deliveryId: second });

    const [challenge, ...events] = receiver.events;
    const asked = (await verifier(first)).verify(
      challenge?.body ?? '',
      challenge?.headers as Record<string, string>,
    ) as { id: string };
    expect(asked).toEqual({ id: expect.any(String), state: 'challenge', challenge: expect.any(String) });
    expect(challenge?.headers['webhook-id']).toBe(asked.id);
    expect(events.map((event) => event.headers['webhook-id'])).toEqual([first, second]);
    expect(await find(first)).toMatchObject({
      state: 'delivered',
      tries: [{ status: 200, error: null, excerpt: `{"id":"${first}","state":"test"}` }],
    });
    expect((await endpointOf(first))?.verifiedAt).toBeInstanceOf(Date);
  });

  it('no event goes out before the proof is stored', async () => {
    const receiver = await receive((event, res) => {
      res.end(event.body);
    });
    const [id = ''] = await insertEvents(database, 'unlucky', [receiver.url]);
    const markVerified = () => Promise.reject(new Error('no database'));
    const { tryWebhookOnce } = activities('required', { markVerified });
    await expect(tryWebhookOnce({ deliveryId: id })).rejects.toThrow('no database');
    expect(receiver.events.map(isChallenge)).toEqual([true]);
    expect(await find(id)).toMatchObject({ state: 'pending', tries: [] });
  });

  it.each([
    ['a 200 without it', 200, 'ok'],
    ['a 404', 404, null],
    ['a 503', 503, null],
  ])(
    '%s is a failed try; the event keeps its schedule, and comes once the challenge is answered',
    async (...row) => {
      const [, status, body] = row;
      let isWilling = false;
      const receiver = await receive((event, res) => {
        if (isWilling) res.end(event.body);
        else res.writeHead(status).end(body);
      });
      const [id = ''] = await insertEvents(database, `reluctant-${status}`, [receiver.url]);
      const { tryWebhookOnce, sendWebhook } = activities();
      await tryWebhookOnce({ deliveryId: id });
      const failed = { status, error: 'challenge_unanswered', excerpt: body };
      const waiting = await find(id);
      expect(waiting).toMatchObject({ state: 'pending', tries: [failed] });
      expect((waiting.dueAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_000);
      expect(receiver.events.map(isChallenge)).toEqual([true]);
      expect(await endpointOf(id)).toMatchObject({ verifiedAt: null, failingSince: expect.any(Date) });

      isWilling = true;
      expect(await sendWebhook({ deliveryId: id })).toEqual({ outcome: 'done' });
      expect(await find(id)).toMatchObject({ state: 'delivered', tries: [failed, { status: 200 }] });
      expect(receiver.events.map(isChallenge)).toEqual([true, true, false]);
      const [earlier, later] = receiver.events.map((event) => event.headers['webhook-id']);
      expect(earlier).not.toBe(later);
    },
  );

  it('a 410 to a challenge disables the endpoint, as a 410 to an event does', async () => {
    const receiver = await receive((_event, res) => {
      res.writeHead(410).end();
    });
    const [id = ''] = await insertEvents(database, 'gone', [receiver.url]);
    await activities().tryWebhookOnce({ deliveryId: id });
    expect(await find(id)).toMatchObject({
      state: 'failed',
      failure: 'endpoint_gone',
      tries: [{ status: 410, error: 'challenge_unanswered' }],
    });
    expect(await endpointOf(id)).toMatchObject({ disabledBecause: 'gone' });
  });

  it('an endpoint that took an event before is verified; the same URL of another tenant is not', async () => {
    const receiver = await receive();
    const hooks = [receiver.url, receiver.url];
    const [before = '', after = ''] = await insertEvents(database, 'old', hooks);
    await activities('off').tryWebhookOnce({ deliveryId: before });
    const verifiedAt = (await endpointOf(before))?.verifiedAt;
    expect(verifiedAt).toBeInstanceOf(Date);
    // Old enough to be written again.
    await database.query(`UPDATE endpoints SET delivered_at = delivered_at - interval '2 min'`);
    const [others = ''] = await insertEvents(database, 'new', [receiver.url]);
    const { tryWebhookOnce } = activities();
    await tryWebhookOnce({ deliveryId: after });
    await tryWebhookOnce({ deliveryId: others });
    expect(receiver.events.map(isChallenge)).toEqual([false, false, true]);
    expect((await endpointOf(after))?.verifiedAt).toEqual(verifiedAt);
    expect(await find(others)).toMatchObject({ tries: [{ error: 'challenge_unanswered' }] });
    // As a worker would write it that did not know the column yet.
    await database.query('UPDATE endpoints SET verified_at = NULL');
    const [third = ''] = await insertEvents(database, 'old', [receiver.url]);
    expect((await endpointOf(third))?.verifiedAt).toBeInstanceOf(Date);
    await tryWebhookOnce({ deliveryId: third });
    expect(await find(third)).toMatchObject({ state: 'delivered' });
  });

  it('challenge and event share the time of one try', async () => {
    const receiver = await receive((event, res) => {
      if (isChallenge(event)) setTimeout(() => res.end(event.body), 400);
    });
    const [id = ''] = await insertEvents(database, 'slow', [receiver.url]);
    await activities().tryWebhookOnce({ deliveryId: id });
    expect(receiver.events.map(isChallenge)).toEqual([true, false]);
    const { tries } = await find(id);
    expect(tries).toMatchObject([{ status: null, error: 'timeout' }]);
    expect(tries[0]?.durationMs).toBeGreaterThanOrEqual(950);
    expectWithin(tries[0]?.durationMs ?? NaN, 1_390);
  });

  it('an endpoint that ignores challenges is left alone for a while; others at its origin are not', async () => {
    const receiver = await receive((event, res) => {
      res.writeHead(event.path === '/victim' ? 404 : 200).end(event.body);
    });
    const hooks = Array.from({ length: 9 }, () => `${receiver.url}/victim`);
    const flood = await insertEvents(database, 'flood', hooks);
    const { tryWebhookOnce } = activities();
    for (const deliveryId of flood) await tryWebhookOnce({ deliveryId });
    expect(receiver.events).toHaveLength(5);
    const waiting = await find(flood.at(-1) ?? '');
    expect(waiting).toMatchObject({ state: 'pending', tries: [] });
    expect((waiting.dueAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(20_000);
    const [others = ''] = await insertEvents(database, 'neighbour', [`${receiver.url}/hook`]);
    await tryWebhookOnce({ deliveryId: others });
    expect(await find(others)).toMatchObject({ state: 'delivered' });
  });
});
