import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../src/domain/api-key.ts';
import { createSendWebhook } from '../../activities/send-webhook.ts';
import { createDeliveryLog } from '../../src/db/deliveries/delivery-log.ts';
import { createDeliveryStore } from '../../src/db/deliveries/delivery-store.ts';
import { createEndpointSecrets } from '../../src/db/deliveries/endpoint-secrets.ts';
import { createAddressGuard } from '../../src/network/address-guard.ts';
import { createLookup } from '../../src/network/names/lookup.ts';
import { createSecretBox } from '../../src/webhooks/secret-box.ts';
import { createWebhookSender } from '../../src/webhooks/send.ts';
import { formatSecret } from '../../src/webhooks/sign.ts';
import { DELIVER_WEBHOOK, deliveryWorkflowId, WEBHOOK_TASK_QUEUE } from '../../workflows/contract.ts';
import { cloneDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type ReceivedEvent, startReceiver } from '../support/receiver.ts';
import { openWorkflowLab, type WorkflowLab } from '../support/workflow-lab.ts';

/** Here an hour of the schedule passes in two seconds, for waits and for the circuit breaker alike. */
const SPEED = 1_800;
const HOUR_MS = 3_600_000;
const EVENTS = 12;

describe('a receiver that is down for an hour', () => {
  let lab: WorkflowLab;
  let database: TestDatabase;

  beforeAll(async () => {
    [lab, database] = await Promise.all([openWorkflowLab(), cloneDatabase()]);
  });
  afterAll(async () => {
    await lab?.stop();
    await database?.drop();
  });

  it('gets every event after it is back, each under one id, never tried before its time', async () => {
    const begin = performance.now();
    const now = () => (performance.now() - begin) * SPEED;
    const isBack = () => now() >= HOUR_MS;
    const receiver = await startReceiver((_event, res) => {
      res.writeHead(isBack() ? 200 : 503).end();
    });
    const secretBox = createSecretBox([Buffer.alloc(32, 'k')]);
    const sender = createWebhookSender({
      secretBox,
      isAllowed: createAddressGuard(['127.0.0.0/8']),
      lookup: createLookup({ servers: [] }),
      eventsPerMinute: 1_000,
      challenge: 'off',
      now,
      random: Math.random,
    });
    /** The delays of the schedule after each failed try, in the order of the tries, by delivery. */
    const asked = new Map<string, number[]>();
    const scheduled: typeof sender = {
      ...sender,
      blockedForMs: (target) => sender.blockedForMs(target) / SPEED,
      reserve(target) {
        const turn = sender.reserve(target);
        return turn.outcome === 'turn' ? turn : { ...turn, waitMs: turn.waitMs / SPEED };
      },
      nextTryInMs(tries, retryAfterMs) {
        const waitMs = sender.nextTryInMs(tries, retryAfterMs);
        return waitMs === null ? null : Math.ceil(waitMs / SPEED);
      },
    };
    const deliveries = createDeliveryStore(database.orm, { endpointsMax: 1_000 });
    const activities = createSendWebhook({
      webhooks: scheduled,
      deliveries: {
        ...deliveries,
        async recordTry(delivery, ...rest) {
          asked.set(delivery.id, [...(asked.get(delivery.id) ?? []), delivery.tries]);
          await deliveries.recordTry(delivery, ...rest);
        },
      },
    });
    const log = createDeliveryLog(database.orm, () => undefined);
    const ids = await Promise.all(
      Array.from(
        { length: EVENTS },
        async () => (await log.sendTest(DEFAULT_TENANT, `${receiver.url}/hook`)).id,
      ),
    );

    await lab.withActivities(activities, async () => {
      for (const id of ids) {
        await lab.client.workflow.start(DELIVER_WEBHOOK, {
          workflowId: deliveryWorkflowId(id),
          taskQueue: WEBHOOK_TASK_QUEUE,
          args: [{ deliveryId: id }],
        });
      }
      const isDelivered = async () =>
        (await log.list(DEFAULT_TENANT, { state: 'delivered' }, { limit: 100 })).length === EVENTS;
      await eventually(isDelivered, { everyMs: 100, what: 'every event' });
    });

    const secrets = createEndpointSecrets(database.orm);
    const endpointId = await secrets.endpointIdOf(DEFAULT_TENANT, `${receiver.url}/hook`);
    const [sealed] = await secrets.readOrCreate(DEFAULT_TENANT, `${receiver.url}/hook`, Buffer.alloc(0));
    const verifier = new Webhook(formatSecret(secretBox.open(sealed ?? Buffer.alloc(0), endpointId)));
    expect(new Set(receiver.events.map((event) => event.headers['webhook-id']))).toEqual(new Set(ids));
    for (const id of ids) {
      const events = receiver.events.filter((event) => event.headers['webhook-id'] === id);
      expect(events.map((event) => isSignedBy(verifier, event))).toEqual(events.map(() => true));
      expect(new Set(events.map((event) => event.body))).toEqual(new Set([`{"id":"${id}","state":"test"}`]));
      // The schedule counts the tries that were made. A wait for the circuit breaker skips none of them.
      expect(asked.get(id)).toEqual(events.map((_event, index) => index));
      const delays = events.slice(1).map((event, index) => event.at - (events[index]?.at ?? 0));
      const earliest = [5, 300, 1_800, 7_200].map((seconds) => (seconds * 900) / SPEED);
      for (const [index, delay] of delays.entries())
        expect(delay, `delay ${index + 1}`).toBeGreaterThanOrEqual(Math.floor(earliest[index] ?? 0));
    }
    await Promise.all([sender.close(), receiver.close()]);
  });
});

/** Compares with a signature of the independent verifier. Its own clock would call those of a faster clock too old. */
function isSignedBy(verifier: Webhook, { headers, body }: ReceivedEvent): boolean {
  const at = new Date(Number(headers['webhook-timestamp']) * 1000);
  return headers['webhook-signature'] === verifier.sign(String(headers['webhook-id']), at, body);
}
