import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createWrap } from '../../../activities/failure.ts';
import { KNOWS } from '../../../src/domain/needs.ts';

describe('an activity', () => {
  const wrap = createWrap(() => undefined);
  const runAs = (...args: unknown[]) =>
    new MockActivityEnvironment().run(
      wrap((..._all: unknown[]) => Promise.resolve('done')),
      ...args,
    );

  it('runs if this worker knows what it needs', async () => {
    expect(await runAs({})).toBe('done');
    expect(await runAs({}, KNOWS)).toBe('done');
  });

  it('is left to a newer worker, by a failure that is tried again, if it needs more than this worker knows', async () => {
    await expect(runAs({}, KNOWS + 1)).rejects.toMatchObject({
      type: 'worker_outdated',
      nonRetryable: false,
    });
  });
});
