import { ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { createSetbacks, doEach } from '../../../../src/temporal/setbacks.ts';
import { concernsAll } from '../../../../src/temporal/trouble.ts';

/** An error as the client throws it, with the status code and the text of the server. */
function refusedWith(code: number, details = ''): Error {
  const cause = Object.assign(new Error(details), { code, details, metadata: {} });
  return new ServiceError('Failed', { cause });
}

const tooManySignals = refusedWith(3, 'exceeded workflow execution limit for signal events');
const denied = refusedWith(7);
const away = refusedWith(14, 'No connection established');

describe('an error of one item', () => {
  it.each([
    ['a limit of its workflow', tooManySignals],
    ['an input that is too large', refusedWith(8, 'grpc: received message larger than max (5 vs. 4)')],
    ['a workflow that is busy', refusedWith(8, 'Workflow is busy.')],
    ['a value of another shape', new TypeError('x is undefined')],
    ['a fault in its own row', new AppError('internal')],
  ])('concerns no other: %s', (_what, error) => {
    expect(concernsAll(error)).toBe(false);
  });

  it.each([
    ['no answer', away],
    ['a missed deadline', refusedWith(4)],
    ['too much load', refusedWith(8, 'namespace rate limit exceeded')],
    ['a missing permission', denied],
    ['a namespace that is gone', new NamespaceNotFoundError('default')],
    [
      'a namespace without our search attributes',
      refusedWith(3, 'no mapping defined for search attribute X'),
    ],
    ['Postgres that is away', new AppError('database_unavailable')],
  ])('is told from trouble that concerns all: %s', (_what, error) => {
    expect(concernsAll(error)).toBe(true);
  });

  it('is reported, and the items behind get their turn; trouble that concerns all ends the round', async () => {
    const done: number[] = [];
    const reported: number[] = [];
    const work = (errors: Readonly<Record<number, Error>>) => (item: number) => {
      const error = errors[item];
      if (error !== undefined) return Promise.reject(error);
      done.push(item);
      return Promise.resolve();
    };
    const report = (item: number) => void reported.push(item);
    await doEach([1, 2, 3], work({ 1: tooManySignals, 2: new TypeError('odd') }), report);
    expect([done, reported]).toEqual([[3], [1, 2]]);
    await expect(doEach([4, 5, 6], work({ 5: denied }), report)).rejects.toBe(denied);
    expect([done, reported]).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  it('does not end the round if one shard of Temporal may be the reason, until it comes for three items in a row', async () => {
    const done: number[] = [];
    const work = (failing: readonly number[]) => (item: number) => {
      if (failing.includes(item)) return Promise.reject(away);
      return Promise.resolve(void done.push(item));
    };
    await doEach([1, 2, 3, 4, 5, 6, 7], work([1, 2, 4, 6]), () => undefined);
    expect(done).toEqual([3, 5, 7]);
    await expect(doEach([1, 2, 3, 4, 5], work([2, 3, 4]), () => undefined)).rejects.toBe(away);
    expect(done).toEqual([3, 5, 7, 1]);
  });

  it('puts the item off, twice as long each time, up to 5 min, or 8 s while Temporal is away', () => {
    const setbacks = createSetbacks();
    const add = (error: Error) => setbacks.add('a', error) / 1_000;
    expect([1, 2, 3, 4, 5].map(() => add(tooManySignals))).toEqual([1, 2, 4, 8, 16]);
    expect(add(away)).toBe(8);
    for (let failures = 0; failures < 2_000; failures += 1) add(tooManySignals);
    expect(add(tooManySignals)).toBe(300);
    setbacks.forget('a');
    expect(add(tooManySignals)).toBe(1);
  });

  it('is taken for that of one shard, and puts the item off for longer, while other items succeed', () => {
    let nowMs = 0;
    const setbacks = createSetbacks(() => nowMs);
    for (let failures = 0; failures < 6; failures += 1) setbacks.add('a', away);
    expect([setbacks.add('a', away), setbacks.concernsAll(away)]).toEqual([8_000, true]);
    setbacks.forget('b');
    expect([setbacks.add('a', away), setbacks.concernsAll(away)]).toEqual([128_000, false]);
    expect(setbacks.concernsAll(denied)).toBe(true);
    // As `describeCurrent` throws it.
    const wrapped = new AppError('temporal_unavailable', { cause: new Error('gRPC 14', { cause: away }) });
    expect(setbacks.concernsAll(wrapped)).toBe(false);
    nowMs += 10_000;
    expect(setbacks.concernsAll(away)).toBe(true);
  });

  it('is forgotten when 10,000 other items have failed since', () => {
    const setbacks = createSetbacks();
    setbacks.add('first', tooManySignals);
    for (let item = 0; item < 10_000; item += 1) setbacks.add(`${item}`, tooManySignals);
    expect(setbacks.add('9999', tooManySignals)).toBe(2_000);
    expect(setbacks.add('first', tooManySignals)).toBe(1_000);
  });
});
