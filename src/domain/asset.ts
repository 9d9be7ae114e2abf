/**
 * The life of an asset.
 *
 *     queued ──claim──▶ in_progress ──finish──▶ complete | failed | canceled
 *        │                                          │
 *        └──cancel before dispatch──▶ canceled      └──retry, reset──▶ a new attempt
 *
 * Only a new attempt leaves a terminal state. The first terminal write of an attempt wins.
 */
export const ASSET_STATES = ['queued', 'in_progress', 'complete', 'failed', 'canceled'] as const;
export type AssetState = (typeof ASSET_STATES)[number];

const TERMINAL_STATES = ['complete', 'failed', 'canceled'] as const;
export type TerminalState = (typeof TERMINAL_STATES)[number];

export function isTerminal(state: AssetState): state is TerminalState {
  return (TERMINAL_STATES as readonly AssetState[]).includes(state);
}

/** The webhook keys of a submission, each with its state. The webhook is sent when the asset enters that state. */
export const STATE_OF_NOTIFICATION = {
  onStart: 'in_progress',
  onSuccess: 'complete',
  onFailure: 'failed',
  onCancel: 'canceled',
} as const satisfies Record<string, AssetState>;
export type NotificationKey = keyof typeof STATE_OF_NOTIFICATION;
export const NOTIFICATION_KEYS = Object.keys(STATE_OF_NOTIFICATION) as NotificationKey[];

export type Notifications = { readonly [key in NotificationKey]?: string };

/** Texts of the client by name, such as `{"batch": "2026-11"}`. */
export type Labels = Readonly<Record<string, string>>;

/** Messages per key, as clients see them: `{"asset": ["Asset is not an image."]}`. */
export type AssetErrors = Record<string, string[]>;

export const EXECUTION_MODES = ['local', 'regular'] as const;
/** `local`: steps run as local activities first. `regular`: every step is a regular activity, visible in the Web UI. */
export type StepExecution = (typeof EXECUTION_MODES)[number];
