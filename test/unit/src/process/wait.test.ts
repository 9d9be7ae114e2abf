import { describe, expect, it } from 'vitest';
import { waitUntilUsable } from '../../../../src/process/wait.ts';
import { sayWhetherTemporalAnswers } from '../../../../src/process/wait-for-temporal.ts';
import { createLogger } from '../../../../src/telemetry/logger.ts';
import { describeMissing } from '../../../../src/temporal/namespace.ts';

/** A clock that only sleeping moves. */
function testClock() {
  let time = 0;
  return {
    now: () => time,
    sleep(ms: number) {
      time += ms;
      return Promise.resolve();
    },
  };
}

describe('waitUntilUsable', () => {
  it('says what it waits for at once, then every 5 s, and goes on by itself', async () => {
    const clock = testClock();
    const said: [number, string][] = [];
    await waitUntilUsable({
      findTrouble: () => Promise.resolve(clock.now() < 11_000 ? 'nothing listens there' : null),
      say: (reason) => said.push([clock.now(), reason]),
      clock,
    });
    expect(said).toEqual([0, 5_000, 10_000].map((at) => [at, 'nothing listens there']));
  });

  it('says nothing if nothing is missing', async () => {
    const said: string[] = [];
    await waitUntilUsable({ findTrouble: () => Promise.resolve(null), say: (reason) => said.push(reason) });
    expect(said).toEqual([]);
  });

  it('gives up with the last reason once its time is over', async () => {
    const clock = testClock();
    const waiting = waitUntilUsable({
      findTrouble: () => Promise.resolve('it is starting up'),
      say: () => undefined,
      timeoutMs: 60_000,
      clock,
    });
    await expect(waiting).rejects.toThrow('it is starting up');
    expect(clock.now()).toBe(60_000);
  });

  it('passes on an error that waiting does not end', async () => {
    const waiting = waitUntilUsable({
      findTrouble: () => Promise.reject(new Error('wrong password')),
      say: () => undefined,
    });
    await expect(waiting).rejects.toThrow('wrong password');
  });
});

describe('an API that waits for Temporal', () => {
  const missing = { namespace: false, searchAttributes: [], schedules: [] };

  it.each([
    ['nothing listens there', 40],
    [describeMissing({ ...missing, namespace: true }), 30],
    [describeMissing({ ...missing, schedules: ['validatr-reconcile'] }), 30],
  ])('warns only of what no worker mends: %s', async (trouble, level) => {
    const lines: { level: number; reason?: string }[] = [];
    const answers = [trouble, null];
    await sayWhetherTemporalAnswers({
      findTrouble: () => Promise.resolve(answers.shift() ?? null),
      address: '127.0.0.1:7233',
      namespace: 'default',
      logger: createLogger('info', 'api', { write: (line) => void lines.push(JSON.parse(line) as never) }),
    });
    expect(lines).toMatchObject([
      { level, reason: trouble },
      { level: 30, msg: 'Temporal is usable' },
    ]);
  });
});
