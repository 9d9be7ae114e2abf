import { activityInfo, ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { AppError } from '../src/domain/errors.ts';
import { KNOWS } from '../src/domain/needs.ts';
import type { ActivityTry, OnActivityError } from './deps.ts';

/** The longest pause between two tries of an activity (`workflows/durable.ts`), seconds. */
const USUAL_PAUSE_S = 60;

/** The longest pause that a server may ask for, seconds. */
const LONGEST_PAUSE_S = 3_600;

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
      ...pauseAfter(error),
    });
  }
  return ApplicationFailure.create({
    message: `Unexpected ${error instanceof Error ? error.name : typeof error}`,
    type: 'internal',
    // This is a fault in our code, so trying again does not help.
    nonRetryable: true,
  });
}

/** A shorter pause is left to the retry policy. A local activity has no time for a longer one, and a regular one follows it. */
function pauseAfter({ retryAfterS = 0 }: AppError): { nextRetryDelay?: number } {
  if (retryAfterS <= USUAL_PAUSE_S || activityInfo().isLocal) return {};
  return { nextRetryDelay: 1_000 * Math.min(retryAfterS, LONGEST_PAUSE_S) };
}

type Wrap = <Args extends unknown[], Result>(
  run: (...args: Args) => Promise<Result>,
) => (...args: Args) => Promise<Result>;

/**
 * Wraps an activity so that everything it throws becomes a failure that may stand in a history. The full error goes to
 * `onError`, for the log. A second argument is what a worker has to know (`workflows/durable.ts`). If that is more than ours,
 * the activity is tried again until a newer worker takes it.
 */
export function createWrap(onError: OnActivityError): Wrap {
  return (run) =>
    async (...args) => {
      try {
        if (Number(args[1] ?? 0) > KNOWS) throw new AppError('worker_outdated');
        return await run(...args);
      } catch (error) {
        const failure = asFailure(error);
        if (failure !== error) onError(error, thisTry());
        throw failure;
      }
    };
}

function thisTry(): ActivityTry {
  const { activityType: activity, workflowExecution, attempt } = activityInfo();
  return { activity, workflowId: workflowExecution?.workflowId ?? '', attempt };
}
