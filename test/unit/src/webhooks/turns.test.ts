import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createTurns } from '../../../../src/webhooks/turns.ts';

const openTurns = () =>
  createTurns({ eventsPerMinute: 1_000_000, challenge: 'off', now: () => 1_000_000, random: () => 0 });

/** An endpoint is a tenant and a URL without query. */
const target = (tenant: string, url = 'http://shared.example/hook') => ({
  tenant,
  url,
  endpointId: `${tenant} ${url.slice(-40)}`,
});
const failed = { status: 500, durationMs: 10 };
const slow = { status: 200, durationMs: 600 };

describe('tenants with receivers at one origin', () => {
  it('each have four turns in line at the same URL', async () => {
    const turns = openTurns();
    for (let turn = 1; turn <= 4; turn += 1)
      expect(await turns.reserveInLine(target('a'))).toMatchObject({ outcome: 'turn' });
    expect(await turns.reserveInLine(target('a'))).toEqual({ outcome: 'not_in_line' });
    expect(await turns.reserveInLine(target('b'))).toMatchObject({ outcome: 'turn' });
  });

  it('do not lose their turns in line because it was slow for another tenant', async () => {
    const turns = openTurns();
    turns.record(target('a'), slow, null);
    expect(await turns.reserveInLine(target('a'))).toEqual({ outcome: 'not_in_line' });
    expect(await turns.reserveInLine(target('b'))).toMatchObject({ outcome: 'turn' });
  });

  it('keep what is known of their receivers while another tenant fails at 30,000 of its own', async () => {
    const turns = openTurns();
    for (let failures = 1; failures <= 5; failures += 1) turns.record(target('b'), failed, null);
    turns.record(target('b', 'http://slow.example/hook'), slow, null);
    for (let receiver = 0; receiver < 30_000; receiver += 1)
      turns.record(target('a', `http://${receiver}.example/hook`), { ...failed, durationMs: 900 }, null);
    expect(turns.blockedForMs(target('b'))).toBe(30_000);
    expect(await turns.reserveInLine(target('b', 'http://slow.example/hook'))).toEqual({
      outcome: 'not_in_line',
    });
  });
});

describe('what is known of receivers', () => {
  it.each([
    ['paths', 300_000, (filler: string) => `http://a.example/${filler}`],
    ['host names', 100_000, (filler: string) => `http://${filler}.example/`],
  ])('takes no memory for 200 long %s', (_, length, urlWith) => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const turns = openTurns();
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let receiver = 0; receiver < 200; receiver += 1) {
      const url = urlWith(String(receiver).padStart(length, 'x'));
      const one = { tenant: 'a', url, endpointId: String(receiver) };
      turns.blockedForMs(one);
      turns.record(one, { ...failed, durationMs: 900 }, null);
    }
    collect();
    expect((process.memoryUsage().heapUsed - before) / 2 ** 20).toBeLessThan(20);
  });
});
