import { MockActivityEnvironment } from '@temporalio/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { ACTIVITY_SLOTS, createSlots } from '../../../activities/slots.ts';

const BUSY = { type: 'worker_busy', nonRetryable: false };

describe('the slots of a worker', () => {
  let inSlot: ReturnType<typeof createSlots>;
  /** Ends the steps that hang. */
  let release: () => void;
  let released: Promise<void>;

  beforeEach(() => {
    inSlot = createSlots();
    ({ promise: released, resolve: release } = Promise.withResolvers<void>());
  });

  type Info = ConstructorParameters<typeof MockActivityEnvironment>[0];
  const hang = (tenant: string, info: Info = {}) =>
    new MockActivityEnvironment({ isLocal: false, ...info }).run(
      inSlot((_input: { tenant: string }) => released),
      { tenant },
    );
  const fill = (tenant: string) => Array.from({ length: ACTIVITY_SLOTS / 2 }, () => hang(tenant));

  it('are given to half to one tenant; its next step is tried again later', async () => {
    const hanging = fill('slow');
    await expect(hang('slow')).rejects.toMatchObject(BUSY);
    const other = hang('other');
    release();
    await Promise.all([...hanging, other]);
    await hang('slow');
  });

  it('are not asked of local steps, and not refused to steps that have few tries', async () => {
    const hanging = fill('slow');
    const local = hang('slow', { isLocal: true });
    const careful = hang('slow', { retryPolicy: { maximumAttempts: 3 } });
    release();
    await Promise.all([...hanging, local, careful]);
  });
});
