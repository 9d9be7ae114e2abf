import { beforeEach, describe, expect, it } from 'vitest';
import { createOriginGate } from '../../../../src/webhooks/origin-gate.ts';

const URL_A = 'https://a.example/hook?x=1';

describe('the origin gate', () => {
  let nowMs: number;
  let gate: ReturnType<typeof createOriginGate>;

  beforeEach(() => {
    nowMs = 1_000_000;
    gate = createOriginGate({ now: () => nowMs, random: () => 0 });
  });

  const fail = (times: number) => {
    for (let failures = 0; failures < times; failures += 1) gate.record(URL_A, false);
  };
  const enter = () => {
    const entered = gate.enter(URL_A);
    if (typeof entered === 'number') throw new Error(`blocked for ${entered} ms`);
    return entered;
  };

  it("does not hold one tenant's failures against another tenant at the same origin", () => {
    for (let failures = 0; failures < 5; failures += 1) gate.record(URL_A, false, 'a');
    expect(gate.blockedForMs(URL_A, 'a')).toBeGreaterThan(0);
    expect(gate.blockedForMs(URL_A, 'b')).toBe(0);
    for (let tries = 0; tries < 32; tries += 1) gate.enter(URL_A, 'b');
    expect(gate.blockedForMs(URL_A, 'b')).toBeGreaterThan(0);
    expect(gate.blockedForMs(URL_A, 'c')).toBe(0);
  });

  it('lets 32 tries of one origin in at once, of each path and query together', () => {
    const ends = Array.from({ length: 32 }, (_, path) => gate.enter(`https://a.example/${path}`));
    expect(ends.every((end) => typeof end === 'function')).toBe(true);
    expect(gate.enter(URL_A)).toBeGreaterThan(0);
    expect(gate.enter('https://b.example/hook')).toBeTypeOf('function');
    enterEnd(ends[0]);
    expect(gate.enter(URL_A)).toBeTypeOf('function');
  });

  it('opens for 30 s after five failures in a row, not after five with a success among them', () => {
    fail(4);
    gate.record(URL_A, true);
    fail(4);
    expect(gate.blockedForMs(URL_A)).toBe(0);
    fail(1);
    expect(gate.blockedForMs(URL_A)).toBe(30_000);
    nowMs += 29_999;
    expect(gate.blockedForMs(URL_A)).toBe(1);
  });

  it('lets one probe through when the time is over, and closes when that is answered', () => {
    fail(5);
    nowMs += 30_000;
    const end = enter();
    expect(gate.enter(URL_A)).toBeGreaterThan(0);
    gate.record(URL_A, true);
    end();
    enter();
    enter();
  });

  it('doubles the time with each failed probe, up to 15 min', () => {
    fail(5);
    const waits: number[] = [];
    for (let probes = 0; probes < 7; probes += 1) {
      waits.push(gate.blockedForMs(URL_A) / 1000);
      nowMs += gate.blockedForMs(URL_A);
      const end = enter();
      gate.record(URL_A, false);
      end();
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900]);
  });

  it('does not count failures of tries that were under way when it opened', () => {
    fail(5 + 27);
    expect(gate.blockedForMs(URL_A)).toBe(30_000);
  });

  it('remembers 10,000 failing origins, and forgets the one that did not fail for longest', () => {
    fail(5);
    for (let others = 1; others < 10_000; others += 1) gate.record(`https://${others}.example/`, false);
    expect(gate.blockedForMs(URL_A)).toBe(30_000);
    gate.record('https://one-more.example/', false);
    expect(gate.blockedForMs(URL_A)).toBe(0);
  });

  it('forgets a failing origin of the tenant that has most of them', () => {
    for (let failures = 0; failures < 5; failures += 1) gate.record(URL_A, false, 'a');
    for (let others = 0; others < 20_000; others += 1) gate.record(`https://${others}.example/`, false, 'b');
    expect(gate.blockedForMs(URL_A, 'a')).toBe(30_000);
  });

  it('spreads waiting tries over five seconds more', () => {
    const late = createOriginGate({ now: () => nowMs, random: () => 0.999 });
    for (let failures = 0; failures < 5; failures += 1) late.record(URL_A, false);
    expect(late.blockedForMs(URL_A)).toBeGreaterThan(34_900);
    expect(late.blockedForMs(URL_A)).toBeLessThanOrEqual(35_000);
  });
});

function enterEnd(entered: (() => void) | number | undefined): void {
  if (typeof entered === 'function') entered();
}
