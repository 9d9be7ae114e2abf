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
import { KNOWN_BY_ALL } from '../src/domain/needs.ts';
import { neededHere } from './needs.ts';

/**
 * Every activity runs as a local activity first, then as a regular one:
 *
 *     local, ≤ 2 tries, ≤ 5 s ──trouble worth retrying──▶ regular, 1 s ×2 up to 60 s, for 24 h
 *
 * Measured with 8 activities an asset, everything on 2 cores: all regular 14–20 assets/s, local first 40–50/s. The Web
 * UI shows a pending regular activity with its tries and its last failure.
 */
const LOCAL: LocalActivityOptions = {
  startToCloseTimeout: '5 s',
  scheduleToCloseTimeout: '5 s',
  retry: { initialInterval: '100 ms', maximumAttempts: 2 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/**
 * A try that is lost with its worker is noticed when its time is up. The longest try is a write as owner: three
 * statements and a request to Temporal. Each may wait 5 s for its connection, but hardly ever does.
 */
const REGULAR: ActivityOptions = {
  startToCloseTimeout: '15 s',
  scheduleToCloseTimeout: '24 h',
  retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '60 s' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
};

/**
 * A large image takes up to 30 s to read and 150 s to decode, and it waits for a decoder. So the worker sends a heartbeat
 * every 3 s. Temporal then notices within 10 s that the worker has died.
 */
const DECODER: ActivityOptions = { ...REGULAR, startToCloseTimeout: '240 s', heartbeatTimeout: '10 s' };

/** Bytes from elsewhere may take this long to come (`src/sources/staging.ts`), and the worker sends heartbeats meanwhile. */
const SLOW: ActivityOptions = { ...REGULAR, startToCloseTimeout: '240 s', heartbeatTimeout: '10 s' };

/** For a run whose worker has died twice. Only the decoder can be the reason, so other steps are tried as long as ever. */
const CAREFUL_DECODER: ActivityOptions = { ...DECODER, retry: { ...REGULAR.retry, maximumAttempts: 3 } };

/** `careful`: regular only, at most 3 tries of the decoder. */
export type ExecutionMode = StepExecution | 'careful';

export interface DurableOptions {
  readonly mode: ExecutionMode;
  readonly summary: string;
  /** It decodes an image, so it may take long, and the image may crash its worker. */
  readonly runsDecoder?: boolean;
  /** It fetches the asset from elsewhere, so it may take long. */
  readonly isSlow?: boolean;
  /** Called when the local tries have failed and regular ones follow. */
  readonly onTrouble?: (message: string) => Promise<void>;
}

/**
 * Runs the activity `name` local first, then regular.
 * @throws the failure of the activity, or a cancellation
 */
export async function durably<Name extends keyof Activities>(
  name: Name,
  input: Parameters<Activities[Name]>[0],
  { mode, summary, runsDecoder = false, isSlow = false, onTrouble }: DurableOptions,
): Promise<Awaited<ReturnType<Activities[Name]>>> {
  type Run = (...args: unknown[]) => Promise<Awaited<ReturnType<Activities[Name]>>>;
  if (mode === 'local') {
    try {
      return await (proxyLocalActivities<Activities>({ ...LOCAL, summary })[name] as Run)(input);
    } catch (error) {
      if (!isWorthRetrying(error)) throw error;
      await onTrouble?.(describeFailure(error));
    }
  }
  const options = optionsOf(mode, runsDecoder, isSlow);
  // A regular activity may go to another worker, which refuses it if that worker is too old (`createWrap`).
  const needs = neededHere();
  const args = needs > KNOWN_BY_ALL ? [input, needs] : [input];
  return (proxyActivities<Activities>({ ...options, summary })[name] as Run)(...args);
}

function optionsOf(mode: ExecutionMode, runsDecoder: boolean, isSlow: boolean): ActivityOptions {
  if (runsDecoder) return mode === 'careful' ? CAREFUL_DECODER : DECODER;
  return isSlow ? SLOW : REGULAR;
}

function isWorthRetrying(error: unknown): boolean {
  const cause = activityFailureOf(error);
  return (
    cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && cause.nonRetryable !== true)
  );
}

/**
 * The reason why an activity failed. Null if the error is something else (cancellation, a fault in our own code). The
 * failure of a regular activity is wrapped, that of a local one is not.
 */
function activityFailureOf(error: unknown): ApplicationFailure | TimeoutFailure | null {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure || cause instanceof TimeoutFailure ? cause : null;
}

/** Whether an activity failed. False for a cancellation and for a fault in the workflow's own code. */
export function isActivityFailure(error: unknown): boolean {
  return activityFailureOf(error) !== null;
}

/** One line for people, without stack. */
export function describeFailure(error: unknown): string {
  const cause = activityFailureOf(error);
  if (cause instanceof TimeoutFailure) return 'It took too long.';
  return cause?.message ?? 'Unknown failure';
}

/** Whether the worker fell silent or the time ran out. An image that crashes its worker looks like this from here. */
export function isLostWorker(error: unknown): boolean {
  return activityFailureOf(error) instanceof TimeoutFailure;
}
