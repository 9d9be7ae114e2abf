import { activityInfo } from '@temporalio/activity';
import { AppError } from '../src/domain/errors.ts';
import { createShares } from '../src/domain/turns/shares.ts';
import { asFailure } from './failure.ts';

/** Regular activities of validations that a worker runs at once. A tenant alone gets half of them. */
export const ACTIVITY_SLOTS = 100;

interface OfTenant {
  /** Missing in runs of earlier code. */
  readonly tenant?: string | undefined;
}

/**
 * Leaves slots to other tenants. An activity takes long if its storage does not answer or its image waits for a decoder, and a
 * tenant may have thousands of them in their retries. One beyond its tenant's share fails at once, because it would keep its
 * slot while it waits. Temporal gives it out again, after 1 s at first, and at most 60 s later. Such a failure is not logged.
 */
export function createSlots() {
  const shares = createShares(ACTIVITY_SLOTS);

  return <Input extends OfTenant, Result>(
    run: (input: Input) => Promise<Result>,
  ): ((input: Input) => Promise<Result>) =>
    async (input) => {
      const { isLocal, retryPolicy } = activityInfo();
      if (isLocal) return run(input);
      const { tenant = '' } = input;
      // If the tries are few (`CAREFUL_DECODER`), none is given away.
      const hasManyTries = !retryPolicy?.maximumAttempts;
      if (hasManyTries && !shares.hasRoom(tenant)) throw asFailure(new AppError('worker_busy'));
      const leave = shares.take(tenant);
      try {
        return await run(input);
      } finally {
        leave();
      }
    };
}
