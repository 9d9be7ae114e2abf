import type { CheckName } from './checks/index.ts';

/** Every validation begins with these. A policy cannot switch them off. */
const FIRST_STEPS = ['checkWebhookUrls', 'checkAssetReachable', 'checkIsImage'] as const;

/** The checks of the default policy. Each is an activity of the same name. */
const DEFAULT_CHECKS = ['checkIsJpeg', 'checkDimensions'] as const satisfies readonly CheckName[];

/** All steps: the first ones, the checksum of a submission, and the checks of policies. */
export type StepName = (typeof FIRST_STEPS)[number] | 'checkChecksum' | CheckName;

/**
 * The steps of a validation in reporting order. Every list of steps comes from here. `checks` are those of its policy.
 * They are undefined for the default policy, whose two checks come before the checksum.
 */
export function orderSteps(checks: readonly CheckName[] | undefined, hasChecksum: boolean): StepName[] {
  const checksum = hasChecksum ? (['checkChecksum'] as const) : [];
  return checks === undefined
    ? [...FIRST_STEPS, ...DEFAULT_CHECKS, ...checksum]
    : [...FIRST_STEPS, ...checksum, ...checks];
}

export const STEP_STATES = ['pending', 'running', 'passed', 'failed', 'skipped'] as const;
type StepState = (typeof STEP_STATES)[number];

/** One step as `/details` and the `status` query show it. Times are ISO 8601, durations milliseconds. */
export interface StepRecord {
  readonly name: StepName;
  readonly state: StepState;
  readonly attempts: number;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  /** Trouble that is not the asset's fault, such as storage that is down. Null while there is none. */
  readonly error: string | null;
}

/** The steps before anything has run. */
export function pendingSteps(names: readonly StepName[]): StepRecord[] {
  return stepsThatAre('pending', names);
}

/** The steps of an asset that ended before any of them ran, or without them. */
export function skippedSteps(names: readonly StepName[]): StepRecord[] {
  return stepsThatAre('skipped', names);
}

function stepsThatAre(state: StepState, names: readonly StepName[]): StepRecord[] {
  return names.map((name) => ({
    name,
    state,
    attempts: 0,
    startedAt: null,
    finishedAt: null,
    durationMs: null,
    error: null,
  }));
}
