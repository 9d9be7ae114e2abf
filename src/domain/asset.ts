import type { CheckName } from './checks/index.ts';

/**
 * The life of an asset.
 *
 *     queued ──claim──▶ in_progress ──finish──▶ complete | failed | canceled
 *        │                                          │
 *        └──cancel before dispatch──▶ canceled      └──retry, reset──▶ a new attempt
 *
 * Only a new attempt leaves a terminal state; the first terminal write of an attempt wins.
 */
export const ASSET_STATES = ['queued', 'in_progress', 'complete', 'failed', 'canceled'] as const;
export type AssetState = (typeof ASSET_STATES)[number];

const TERMINAL_STATES = ['complete', 'failed', 'canceled'] as const;
export type TerminalState = (typeof TERMINAL_STATES)[number];

export function isTerminal(state: AssetState): state is TerminalState {
  return (TERMINAL_STATES as readonly AssetState[]).includes(state);
}

/** The webhook keys of a submission, and the state whose entry each of them is told about. */
export const STATE_OF_NOTIFICATION = {
  onStart: 'in_progress',
  onSuccess: 'complete',
  onFailure: 'failed',
  onCancel: 'canceled',
} as const satisfies Record<string, AssetState>;
export type NotificationKey = keyof typeof STATE_OF_NOTIFICATION;
export const NOTIFICATION_KEYS = Object.keys(STATE_OF_NOTIFICATION) as NotificationKey[];

export type Notifications = { readonly [key in NotificationKey]?: string };

/** Where the asset's bytes are; `path` is as the client gave it. */
export interface AssetPath {
  readonly location: 'local';
  readonly path: string;
}

/** The contract's steps in reporting order. Each is an activity of the same name. */
export const CONTRACT_STEPS = [
  'checkWebhookUrls',
  'checkAssetReachable',
  'checkIsImage',
  'checkIsJpeg',
  'checkDimensions',
] as const;
/** Those, and what policies and submissions may ask for beyond. */
export type StepName = (typeof CONTRACT_STEPS)[number] | 'checkChecksum' | CheckName;

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
  /** Trouble that is not the asset's (storage down, …); null while there is none. */
  readonly error: string | null;
}

/** Before anything has run. */
export function pendingSteps(names: readonly StepName[] = CONTRACT_STEPS): StepRecord[] {
  return stepsThatAre('pending', names);
}

/** Of an asset that ended before, or without, any step. */
export function skippedSteps(names: readonly StepName[] = CONTRACT_STEPS): StepRecord[] {
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

/** Messages per key, as clients see them: `{"asset": ["Asset is not an image."]}`. */
export type AssetErrors = Record<string, string[]>;

export const EXECUTION_MODES = ['local', 'regular'] as const;
/** `local`: steps run as local activities first. `regular`: every step is a regular activity, visible in the Web UI. */
export type StepExecution = (typeof EXECUTION_MODES)[number];
