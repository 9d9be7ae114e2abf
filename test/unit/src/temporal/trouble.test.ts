import type { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../../../src/dev/free-port.ts';
import { connectLazily } from '../../../../src/temporal/client.ts';
import { findMissing, findTemporalTrouble } from '../../../../src/temporal/namespace.ts';
import { connectTrouble, temporalAddress } from '../../../../src/temporal/trouble.ts';

describe('the trouble with a Temporal server', () => {
  it.each([
    ['nothing listens there', async () => `127.0.0.1:${await freePort()}`],
    ['nobody knows this host name', () => Promise.resolve('nowhere.invalid:7233')],
  ])('is told to a worker in plain words: %s', async (reason, findAddress) => {
    const connecting = NativeConnection.connect({ address: await findAddress() });
    expect(connectTrouble(await connecting.catch((error: unknown) => error))).toBe(reason);
  });

  it('is told in the own words of an unknown error', () => {
    expect(connectTrouble(new Error('invalid peer certificate'))).toBe('invalid peer certificate');
  });

  it('is found by the API, which connects at its first call', async () => {
    const client = connectLazily({ address: `127.0.0.1:${await freePort()}` }, 'default');
    expect(await findTemporalTrouble(client, 300)).toMatch(/^it does not answer/);
    await client.connection.close();
  });

  it('is found when all calls have ended, so that no try of one comes after the connection is closed', async () => {
    const ended: string[] = [];
    const fail = (name: string, afterMs: number) => async () => {
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      ended.push(name);
      throw new Error('UNAVAILABLE');
    };
    const client = {
      workflowService: { describeNamespace: fail('namespace', 0) },
      connection: { operatorService: { listSearchAttributes: fail('search attributes', 50) } },
      schedule: { getHandle: () => ({ describe: fail('schedule', 50) }) },
      options: { namespace: 'default' },
    };
    await expect(findMissing(client as unknown as Client)).rejects.toThrow('UNAVAILABLE');
    expect(ended.sort()).toEqual(['namespace', 'schedule', 'schedule', 'search attributes']);
  });

  it('is told with the address, also if that is the default', () => {
    expect([temporalAddress({}), temporalAddress({ address: 'temporal:7233' })]).toEqual([
      'localhost:7233',
      'temporal:7233',
    ]);
  });
});
