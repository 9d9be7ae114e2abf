import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createWrap } from '../../../activities/failure.ts';
import { AppError } from '../../../src/domain/errors.ts';
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

  it('reports trouble with the workflow that it belongs to, and the try', async () => {
    const reported: unknown[] = [];
    const error = new AppError('storage_unavailable');
    const failing = createWrap((...args) => reported.push(args))(() => Promise.reject(error));
    const info = { activityType: 'checkIsImage', attempt: 3 };
    await expect(new MockActivityEnvironment(info).run(failing)).rejects.toMatchObject({
      type: 'storage_unavailable',
    });
    expect(reported).toEqual([[error, { activity: 'checkIsImage', workflowId: 'test', attempt: 3 }]]);
  });

  it.each([
    ['as long as a server asks for', 120, false, 120_000],
    ['for an hour at most', 1_000_000, false, 3_600_000],
    ['as its retry policy says, if a server asks for less', 60, false, undefined],
    ['as its retry policy says, if no server asks', undefined, false, undefined],
    ['no longer than its own time, if it is a local one', 120, true, undefined],
  ])('waits for its next try %s', async (_how, retryAfterS, isLocal, nextRetryDelay) => {
    const error = new AppError('storage_unavailable', retryAfterS === undefined ? {} : { retryAfterS });
    const failing = wrap(() => Promise.reject(error));
    await expect(new MockActivityEnvironment({ isLocal }).run(failing)).rejects.toMatchObject({
      type: 'storage_unavailable',
      nextRetryDelay,
    });
  });
});
