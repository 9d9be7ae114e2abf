import {
  ActivityCancellationType,
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  type LocalActivityOptions,
  proxyActivities,
  proxyLocalActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { StepExecution } from '../src/domain/asset.ts';

/**
 * Every activity is local first and durable next.
 *
 *     local, ≤ 2 tries, ≤ 5 s ──trouble worth retrying──▶ regular, 1 s ×2 up to 60 s, for 24 h
 *
 * Measured, 8 activities an asset, everything on 2 cores: all regular 14–20 assets/s, local first 40–50/s.
 * A regular activity is visible in the Web UI as pending, with its tries and its last failure.
 */
const LOCAL: LocalActivityOptions = {
  startToCloseTimeout: '5 s',
  scheduleToCloseTimeout: '5 s',
  retry: { initialInterval: '100 ms', maximumAttempts: 2 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/**
 * A try that was lost with its worker is noticed when its time is up. The longest try is a write as owner: three statements and a
 * question to Temporal. Each may wait 5 s for its connection, but hardly ever does.
 */
const REGULAR: ActivityOptions = {
  startToCloseTimeout: '15 s',
  scheduleToCloseTimeout: '24 h',
  retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '60 s' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/** Decoding may take long, so it sends a heartbeat every 3 s: a worker that died under an image is noticed within 10 s. */
const DECODER: ActivityOptions = { ...REGULAR, startToCloseTimeout: '60 s', heartbeatTimeout: '10 s' };

/** For a run whose worker has died under it twice. Other steps can't be the reason, so they are tried as long as ever. */
const CAREFUL_DECODER: ActivityOptions = { ...DECODER, retry: { ...REGULAR.retry, maximumAttempts: 3 } };

/** `careful`: regular only, at most 3 tries of the decoder. */
export type ExecutionMode = StepExecution | 'careful';

export interface DurableOptions {
  readonly mode: ExecutionMode;
  readonly summary: string;
  /** It decodes an image: it may take long, and the image may take its worker down. */
  readonly runsDecoder?: boolean;
  /** Called when the local tries have failed and regular ones follow. */
  readonly onTrouble?: (message: string) => Promise<void>;
}

/** Runs the activity `name` local first, then regular. */
export async function durably<Name extends keyof Activities>(
  name: Name,
  input: Parameters<Activities[Name]>[0],
  { mode, summary, runsDecoder = false, onTrouble }: DurableOptions,
): Promise<Awaited<ReturnType<Activities[Name]>>> {
  type Run = (input: unknown) => Promise<Awaited<ReturnType<Activities[Name]>>>;
  if (mode === 'local') {
    try {
      return await (proxyLocalActivities<Activities>({ ...LOCAL, summary })[name] as Run)(input);
    } catch (error) {
      if (!isWorthRetrying(error)) throw error;
      await onTrouble?.(describeFailure(error));
    }
  }
  const options = runsDecoder ? (mode === 'careful' ? CAREFUL_DECODER : DECODER) : REGULAR;
  return (proxyActivities<Activities>({ ...options, summary })[name] as Run)(input);
}

function isWorthRetrying(error: unknown): boolean {
  const cause = activityFailureOf(error);
  return (
    cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && cause.nonRetryable !== true)
  );
}

/**
 * Why an activity failed; null if the error is something else (cancellation, a fault in our own code). A regular
 * activity's failure comes wrapped, a local one's does not.
 */
function activityFailureOf(error: unknown): ApplicationFailure | TimeoutFailure | null {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure || cause instanceof TimeoutFailure ? cause : null;
}

/** Whether an activity could not be carried out, as against a cancellation or a fault in the workflow's own code. */
export function isActivityFailure(error: unknown): boolean {
  return activityFailureOf(error) !== null;
}

/** One line for people, without stack. */
export function describeFailure(error: unknown): string {
  const cause = activityFailureOf(error);
  if (cause instanceof TimeoutFailure) return 'It took too long.';
  return cause?.message ?? 'Unknown failure';
}

/** The worker fell silent or the time ran out: what an image that takes the worker down looks like from here. */
export function isLostWorker(error: unknown): boolean {
  return activityFailureOf(error) instanceof TimeoutFailure;
}
