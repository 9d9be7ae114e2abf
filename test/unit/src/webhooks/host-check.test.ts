import { describe, expect, it } from 'vitest';
import { createAddressGuard } from '../../../../src/network/address-guard.ts';
import { createHostCheck } from '../../../../src/webhooks/host-check.ts';
import { expectWithin } from '../../../support/machine-pace.ts';

const isAllowed = createAddressGuard(['10.1.0.0/16']);
const DEADLINE_MS = 100;

/** Names and their addresses. Other names do not resolve. */
const NAMES: Record<string, string[]> = {
  'public.example': ['93.184.216.34', '2606:2800:220:1::1'],
  'own.example': ['10.1.2.3'],
  'private.example': ['192.168.1.1'],
  'half.example': ['93.184.216.34', '127.0.0.1'],
  'empty.example': [],
};
const lookup = (name: string) =>
  NAMES[name] === undefined ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(NAMES[name]);

describe('the check of a host beforehand', () => {
  const judge = createHostCheck({ isAllowed, lookup, deadlineMs: DEADLINE_MS });

  it.each([
    ['93.184.216.34', 'allowed'],
    ['10.1.2.3', 'allowed'],
    ['127.0.0.1', 'forbidden'],
    ['169.254.169.254', 'forbidden'],
    ['[::1]', 'forbidden'],
    ['[::ffff:127.0.0.1]', 'forbidden'],
    ['[2606:2800:220:1::1]', 'allowed'],
    ['public.example', 'allowed'],
    ['own.example', 'allowed'],
    ['private.example', 'forbidden'],
    ['half.example', 'forbidden'],
    ['empty.example', 'unknown'],
    ['nowhere.example', 'unknown'],
  ])('%s is %s', async (host, verdict) => {
    expect(await judge(host, 'tenant')).toBe(verdict);
  });

  it('gives no result if the name server does not answer in time, and looks no further', async () => {
    const asked: string[] = [];
    const slow = createHostCheck({
      isAllowed,
      lookup: (_name, { tenant, signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            asked.push(tenant);
            reject(signal.reason as Error);
          });
        }),
      deadlineMs: DEADLINE_MS,
    });
    const begin = performance.now();
    const verdicts = await Promise.all(['a', 'b', 'b'].map((tenant) => slow('slow.example', tenant)));
    expect(verdicts).toEqual(['unknown', 'unknown', 'unknown']);
    expect(asked).toEqual(['a', 'b', 'b']);
    expectWithin(performance.now() - begin - DEADLINE_MS, 1_000);
  });
});
