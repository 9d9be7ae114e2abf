import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AddressGuard, createAddressGuard } from '../../../../src/network/address-guard.ts';
import { createGuardedConnect } from '../../../../src/network/guarded-connect.ts';
import { eventually } from '../../../support/eventually.ts';
import { expectWithin } from '../../../support/machine-pace.ts';
import { startReceiver, type TestReceiver } from '../../../support/receiver.ts';
import { startSilentPort } from '../../../support/stand-ins/silent-port.ts';

const LOOPBACK = ['127.0.0.0/8'];

describe('guarded connections', () => {
  let receiver: TestReceiver;
  let port: string;
  const agents: Agent[] = [];

  beforeEach(async () => {
    receiver = await startReceiver();
    ({ port } = new URL(receiver.url));
  });
  afterEach(async () => {
    await Promise.all(agents.splice(0).map((agent) => agent.destroy()));
    await receiver.close();
  });

  /** Answers of the name server, one for each look-up. */
  async function get(url: string, isAllowed: AddressGuard, answers: string[][] = []): Promise<number> {
    const lookups: string[] = [];
    const connect = createGuardedConnect(isAllowed, {
      timeoutMs: 20_000,
      bounds: { bytes: 10_000, reads: 100, lines: 1_024, overhead: 10_000 },
      lookup(hostname) {
        lookups.push(hostname);
        return Promise.resolve(answers[lookups.length - 1] ?? []);
      },
    });
    const agent = new Agent({ connect, pipelining: 0 });
    agents.push(agent);
    const { statusCode, body } = await request(url, { dispatcher: agent });
    await body.dump();
    return statusCode;
  }

  it('go to the address that was found, under the name', async () => {
    const url = `http://hooks.example:${port}/x`;
    expect(await get(url, createAddressGuard(LOOPBACK), [['127.0.0.1']])).toBe(200);
    expect(receiver.events[0]?.headers.host).toBe(`hooks.example:${port}`);
  });

  it('are tried with the next address when one does not answer', async () => {
    const url = `http://hooks.example:${port}/x`;
    expect(await get(url, createAddressGuard(LOOPBACK), [['127.0.0.2', '127.0.0.1']])).toBe(200);
  });

  it.each([[['127.0.0.2', '127.0.0.1']], [['127.0.0.2', '127.0.0.3', '127.0.0.1']]])(
    'go to the next address soon when those before it swallow every packet: %s',
    async (addresses) => {
      const silent = await Promise.all(
        addresses.slice(0, -1).map((address) => startSilentPort(address, Number(port))),
      );
      const begin = performance.now();
      expect(await get(`http://hooks.example:${port}/x`, createAddressGuard(LOOPBACK), [addresses])).toBe(
        200,
      );
      expectWithin(performance.now() - begin, 1_000);
      expect(silent.every((one) => one.isSilent())).toBe(true);
      await Promise.all(silent.map((one) => one.close()));
    },
  );

  it('wait for a slow address, although a later one was tried and failed meanwhile', async () => {
    const silent = await startSilentPort('127.0.0.2', Number(port));
    let attempts = 0;
    const count = () => (attempts += 1);
    subscribe('net.client.socket', count);
    const addresses = ['127.0.0.2', '127.0.0.3'];
    const status = get(`http://hooks.example:${port}/x`, createAddressGuard(LOOPBACK), [addresses]);
    await eventually(() => attempts === 2, { what: 'an attempt at the second address' });
    unsubscribe('net.client.socket', count);
    silent.answer();
    expect(await status).toBe(200);
    await silent.close();
  });

  it.each([
    ['a literal', 'http://127.0.0.1', []],
    ['an odd spelling', 'http://0x7f.1', []],
    ['an IPv6 literal', 'http://[::ffff:127.0.0.1]', []],
    ['a private answer', 'http://hooks.example', [['127.0.0.1']]],
    ['a private answer among public ones', 'http://hooks.example', [['1.1.1.1', '127.0.0.1']]],
    ['no answer', 'http://hooks.example', [[]]],
    ['no address', 'http://hooks.example', [['localhost']]],
  ])('are refused for %s, and nothing connects', async (_what, origin, answers) => {
    await expect(get(`${origin}:${port}/`, createAddressGuard([]), answers)).rejects.toMatchObject({
      code: 'address_forbidden',
    });
    expect(receiver.events).toEqual([]);
  });

  it('are safe from a name that changes its address after the check', async () => {
    // The first look-up gives a public address, a second one would give a private address.
    const rebinding = [['192.0.2.1'], ['127.0.0.1'], ['127.0.0.1']];
    const looksPublic: AddressGuard = (address) => address === '192.0.2.1';
    await expect(get(`http://hooks.example:${port}/`, looksPublic, rebinding)).rejects.toThrow('connect');
    expect(receiver.events).toEqual([]);
  });

  it('are cut when the socket is connected to another address than the checked one', async () => {
    let asked = 0;
    const changesItsMind: AddressGuard = () => {
      asked += 1;
      return asked === 1;
    };
    await expect(get(`http://127.0.0.1:${port}/`, changesItsMind)).rejects.toMatchObject({
      code: 'address_forbidden',
    });
    expect([asked, receiver.events.length]).toEqual([2, 0]);
  });
});
