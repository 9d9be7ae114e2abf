import { activityInfo, ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { AppError } from '../src/domain/errors.ts';

/**
 * The only place where errors become Temporal failures. Histories keep their texts, and everyone can read them. So a
 * failure has an AppError's own sentence and its cause's code, but no text of any other error.
 */
export function asFailure(error: unknown): unknown {
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
    // This is a fault in our code, so trying again does not help.
    nonRetryable: true,
  });
}

type Wrap = <Args extends unknown[], Result>(
  run: (...args: Args) => Promise<Result>,
) => (...args: Args) => Promise<Result>;

/**
 * Wraps an activity so that everything it throws becomes a failure that may stand in a history. The full error goes to
 * `onError`, for the log.
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
