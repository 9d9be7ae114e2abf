import { activityInfo, ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { AppError } from '../src/domain/errors.ts';

/**
 * The only place where errors become Temporal failures. Their texts are kept in histories for everyone to read:
 * an AppError's own sentence and its cause's code go in, the text of anything else does not.
 */
function asFailure(error: unknown): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof AppError) {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    return ApplicationFailure.create({
      message: `${error.message}${cause}`,
      type: error.code,
      nonRetryable: !error.retryable,
    });
  }
  return ApplicationFailure.create({
    message: `Unexpected ${error instanceof Error ? error.name : typeof error}`,
    type: 'internal',
    // A fault in our code: trying again does not help.
    nonRetryable: true,
  });
}

type Wrap = <Args extends unknown[], Result>(
  run: (...args: Args) => Promise<Result>,
) => (...args: Args) => Promise<Result>;

/**
 * Wraps an activity so that whatever it throws is a failure fit for a history; the full error goes to `onError`, for
 * the log.
 */
export function createWrap(onError: (error: unknown, activity: string) => void): Wrap {
  return (run) =>
    async (...args) => {
      try {
        return await run(...args);
      } catch (error) {
        const failure = asFailure(error);
        if (failure !== error) onError(error, activityInfo().activityType);
        throw failure;
      }
    };
}
