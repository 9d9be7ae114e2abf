import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLookup } from '../../../../src/network/names/lookup.ts';
import { eventually } from '../../../support/eventually.ts';
import { expectWithin } from '../../../support/machine-pace.ts';
import { type NameServer, startNameServer } from '../../../support/stand-ins/name-server.ts';
import { startReceiver, type TestReceiver } from '../../../support/receiver.ts';
import { createTestSender, secretBox } from '../../../support/webhook-sender.ts';

const endpointId = '00000000-0000-4000-8000-000000000001';
const FIRST_TRY_MS = 1_000;
const TRY_MS = 10_000;

describe('webhooks to names', () => {
  let names: NameServer;
  let receiver: TestReceiver;
  let port: string;
  let sender: ReturnType<typeof createTestSender>;

  beforeEach(async () => {
    names = await startNameServer(({ name }) => {
      if (name.startsWith('slow')) return null;
      if (name.startsWith('unknown')) return { code: 3 };
      return { addresses: ['127.0.0.1'] };
    });
    receiver = await startReceiver();
    ({ port } = new URL(receiver.url));
    sender = createTestSender({ lookup: createLookup({ servers: [names.address] }) });
  });
  afterEach(async () => {
    await sender.close();
    await Promise.all([receiver.close(), names.close()]);
  });

  function send(tenant: string, host: string, timeoutMs: number, path = '/hook') {
    return sender.send({
      id: 'delivery-1',
      tenant,
      url: `http://${host}:${port}${path}`,
      body: '{"id":"x","state":"complete"}',
      endpointId,
      endpoint: {
        isDisabled: false,
        isVerified: false,
        secrets: [secretBox.seal(Buffer.alloc(32, 's'), endpointId)],
      },
      timeoutMs,
      onVerified: () => Promise.resolve(),
    });
  }

  it.each([40, 400])(
    'reach a healthy receiver at once while %i names of another tenant are never answered',
    async (count) => {
      const slow = Array.from({ length: count }, (_, index) => send('a', `slow${index}.example`, TRY_MS));
      await eventually(() => names.asked.length >= 8);
      const begin = performance.now();
      const results = await Promise.all(
        ['hooks.example', 'other.example', 'hooks.example'].map((host) => send('b', host, FIRST_TRY_MS)),
      );
      expectWithin(performance.now() - begin, 500);
      expect(results.map(({ outcome }) => outcome)).toEqual(['delivered', 'delivered', 'delivered']);
      const ended = await Promise.all(slow);
      expect(new Set(ended.map(({ error, outcome }) => `${error} ${outcome}`))).toEqual(
        new Set(['timeout retry']),
      );
    },
  );

  it('ask no server any more when their try is over', async () => {
    expect(await send('a', 'slow.example', FIRST_TRY_MS)).toMatchObject({ error: 'timeout' });
    const before = names.asked.length;
    // This look-up takes longer than the wait before a question is sent again.
    expect(await send('a', 'slow-too.example', TRY_MS)).toMatchObject({ error: 'timeout', outcome: 'retry' });
    expect(names.asked.slice(before).filter((question) => question.startsWith('slow.'))).toEqual([]);
  });

  it('fail as name_not_found if there is no such name', async () => {
    expect(await send('a', 'unknown.example', TRY_MS)).toMatchObject({
      error: 'name_not_found',
      outcome: 'retry',
    });
  });

  it('need one look-up for many tries', async () => {
    for (let tries = 0; tries < 5; tries += 1) await send('a', 'hooks.example', TRY_MS);
    expect(names.asked.filter((question) => question === 'hooks.example A')).toHaveLength(1);
  });

  it('are refused for a forbidden address, also if it is known from an earlier try', async () => {
    await sender.close();
    sender = createTestSender({
      isAllowed: () => false,
      lookup: createLookup({ servers: [names.address] }),
    });
    for (const _from of ['a server', 'the cache'])
      expect(await send('a', 'hooks.example', TRY_MS)).toMatchObject({
        error: 'address_forbidden',
        outcome: 'give_up',
      });
    expect(receiver.events).toEqual([]);
  });

  it('get a connection to an origin where those of another tenant hang', async () => {
    await receiver.close();
    receiver = await startReceiver(({ path }, res) => {
      if (path === '/hook') res.end();
    });
    ({ port } = new URL(receiver.url));
    const hanging = Array.from({ length: 70 }, () => send('a', 'hooks.example', TRY_MS, '/hang'));
    await eventually(() => receiver.events.length >= 60);
    expect(await send('b', 'hooks.example', FIRST_TRY_MS)).toMatchObject({ outcome: 'delivered' });
    await Promise.all(hanging);
  });
});
