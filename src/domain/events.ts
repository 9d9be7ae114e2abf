import {
  type AssetErrors,
  type NotificationKey,
  STATE_OF_NOTIFICATION,
  type TerminalState,
} from './asset.ts';

/**
 * All bodies of webhooks, byte for byte. A body is stored with its delivery, so each try sends and signs the same
 * bytes. `docs/openapi.json` describes the bodies, and a test compares the two.
 */

/** The event that reports the end of an attempt. */
export const EVENT_OF_STATE = {
  complete: 'onSuccess',
  failed: 'onFailure',
  canceled: 'onCancel',
} as const satisfies Record<TerminalState, NotificationKey>;

export function startEventBody(assetId: string): string {
  return JSON.stringify({ id: assetId, state: STATE_OF_NOTIFICATION.onStart });
}

/** `errors` is null unless the asset failed. */
export function endEventBody(assetId: string, state: TerminalState, errors: AssetErrors | null): string {
  return JSON.stringify({ id: assetId, state, ...(errors !== null && { errors }) });
}

/** The body of a test event. There is no asset, so `id` is the id of the delivery. */
export function testEventBody(deliveryId: string): string {
  return JSON.stringify({ id: deliveryId, state: 'test' });
}

/** Asks a receiver to prove that it wants events. The receiver answers with the same `challenge`. */
export function challengeEventBody(id: string, challenge: string): string {
  return JSON.stringify({ id, state: 'challenge', challenge });
}
