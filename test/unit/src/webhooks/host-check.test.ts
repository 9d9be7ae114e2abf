import { describe, expect, it } from 'vitest';
import { createAddressGuard } from '../../../../src/webhooks/address-guard.ts';
import { createHostCheck } from '../../../../src/webhooks/host-check.ts';
import { expectWithin } from '../../../support/machine-pace.ts';

const isAllowed = createAddressGuard(['10.1.0.0/16']);
const DEADLINE_MS = 100;
const never = new Promise<never>(() => undefined);

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
    expect(await judge(host)).toBe(verdict);
  });

  it('gives no result if the name server does not answer in time, and waits no longer', async () => {
    const slow = createHostCheck({ isAllowed, lookup: () => never, deadlineMs: DEADLINE_MS });
    const begin = performance.now();
    const verdicts = await Promise.all(Array.from({ length: 50 }, (_, index) => slow(`${index}.example`)));
    expect(new Set(verdicts)).toEqual(new Set(['unknown']));
    expectWithin(performance.now() - begin - DEADLINE_MS, 1_000);
  });

  it('looks up at most two names at once, and no name that no caller waits for any more', async () => {
    const asked: (() => void)[] = [];
    const held = createHostCheck({
      isAllowed,
      deadlineMs: DEADLINE_MS,
      lookup: () => new Promise((resolve) => asked.push(() => resolve(['127.0.0.1']))),
    });
    const first = [held('a.example'), held('b.example'), held('c.example')];
    expect(asked).toHaveLength(2);
    asked[0]?.();
    expect(await first[0]).toBe('forbidden');
    expect(asked).toHaveLength(3);
    const late = held('d.example');
    expect(await Promise.all([...first.slice(1), late])).toEqual(['unknown', 'unknown', 'unknown']);
    asked[1]?.();
    asked[2]?.();
    const last = held('e.example');
    // The turn of `d` came and went without a question.
    asked.at(-1)?.();
    await new Promise((resolve) => setImmediate(resolve));
    asked.at(-1)?.();
    expect(await last).toBe('forbidden');
    expect(asked).toHaveLength(4);
  });
});
