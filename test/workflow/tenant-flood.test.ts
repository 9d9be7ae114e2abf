import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSendWebhook } from '../../activities/send-webhook.ts';
import { createDeliveryStore } from '../../src/db/deliveries/delivery-store.ts';
import { createDispatchQueue } from '../../src/db/assets/dispatch-queue.ts';
import { startDispatcher } from '../../src/temporal/dispatcher.ts';
import { createAddressGuard } from '../../src/network/address-guard.ts';
import { createLookup } from '../../src/network/names/lookup.ts';
import { createSecretBox } from '../../src/webhooks/secret-box.ts';
import { createWebhookSender } from '../../src/webhooks/send.ts';
import { cloneDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver } from '../support/receiver.ts';
import { insertEvents } from '../support/tenant-events.ts';
import { openWorkflowLab, type WorkflowLab } from '../support/workflow-lab.ts';

/** Here a minute of a tenant passes in ten seconds. */
const SPEED = 6;
const MINUTE_MS = 60_000 / SPEED;
const PER_MINUTE = 20;
const BEYOND = 15;

describe('a tenant with more events than it may have in a minute', () => {
  let lab: WorkflowLab;
  let database: TestDatabase;

  beforeAll(async () => {
    [lab, database] = await Promise.all([openWorkflowLab(), cloneDatabase()]);
  });
  afterAll(async () => {
    await lab?.stop();
    await database?.drop();
  });

  it('gets the rest in the next minute, each under its id and without a sleeping workflow, and delays no other tenant', async () => {
    const receiver = await startReceiver();
    const begin = performance.now();
    const sender = createWebhookSender({
      secretBox: createSecretBox([Buffer.alloc(32, 'k')]),
      isAllowed: createAddressGuard(['127.0.0.0/8']),
      lookup: createLookup({ servers: [] }),
      eventsPerMinute: PER_MINUTE,
      challenge: 'off',
      now: () => (performance.now() - begin) * SPEED,
      random: Math.random,
    });
    const webhooks: typeof sender = {
      ...sender,
      blockedForMs: (target) => sender.blockedForMs(target) / SPEED,
      reserve(target) {
        const turn = sender.reserve(target);
        return turn.outcome === 'turn' ? turn : { ...turn, waitMs: turn.waitMs / SPEED };
      },
    };
    const deliveries = createDeliveryStore(database.orm, { endpointsMax: 1_000 });
    const sent = (path: string) => receiver.events.filter((event) => event.path === path);
    const idsOf = (path: string) => sent(path).map((event) => String(event.headers['webhook-id']));
    const hooks = (path: string, count: number) =>
      Array.from({ length: count }, () => `${receiver.url}${path}`);

    await lab.withActivities(createSendWebhook({ webhooks, deliveries }), async () => {
      const flood = await insertEvents(database, 'flood', hooks('/flood', PER_MINUTE + BEYOND));
      const dispatcher = startDispatcher({
        queue: createDispatchQueue(database.orm),
        client: lab.client,
        stepExecution: 'local',
        eager: false,
        mayStart: () => Promise.resolve(true),
        turns: webhooks,
        onError: (error) => {
          throw error;
        },
      });
      await eventually(() => sent('/flood').length === PER_MINUTE, { what: 'the tries of the minute' });
      // Deliveries handed over before the minute was used up go back to their rows. The others never left them.
      const isAnyAsleep = async () => {
        const { count } = await lab.client.workflow.count(`ExecutionStatus = 'Running'`);
        return count > 0;
      };
      await eventually(async () => !(await isAnyAsleep()), { what: 'no workflow' });
      const others = await insertEvents(database, 'other', hooks('/other', 5));
      await eventually(() => sent('/other').length === 5, { what: "the other tenant's" });
      expect(sent('/flood')).toHaveLength(PER_MINUTE);

      await eventually(() => sent('/flood').length >= flood.length, { what: 'the rest' });
      await eventually(async () => !(await isAnyAsleep()), { what: 'the end of all workflows' });
      await dispatcher.stop();
      expect(idsOf('/flood').sort()).toEqual([...flood].sort());
      expect(idsOf('/other').sort()).toEqual([...others].sort());
    });

    const first = sent('/flood')[0]?.at ?? 0;
    const afterMs = sent('/flood').map(({ at }) => at - first);
    // The receiver's clock sees the first event a little later than the sender's.
    const inTheMinute = afterMs.filter((ms) => ms < MINUTE_MS * 0.9);
    expect([inTheMinute.length, afterMs.length]).toEqual([PER_MINUTE, PER_MINUTE + BEYOND]);
    const tries = await database.query<{ state: string; tries: number }>(
      `SELECT state, count(*)::integer AS tries FROM deliveries JOIN delivery_tries ON delivery_id = id GROUP BY id, state`,
    );
    expect(tries).toEqual(tries.map(() => ({ state: 'delivered', tries: 1 })));
    expect(tries).toHaveLength(PER_MINUTE + BEYOND + 5);
    await Promise.all([sender.close(), receiver.close()]);
  });
});
