import { randomBytes, randomUUID } from 'node:crypto';
import { challengeEventBody } from '../domain/events.ts';
import type { TryResult } from '../domain/ports/webhooks.ts';

/** An event that asks a receiver whether it wants ours. Each has a new id, because receivers drop ids they have seen. */
export interface Challenge {
  readonly id: string;
  readonly body: string;
  /** The answer must hold this text. It has 18 random bytes, so it can't be guessed. */
  readonly challenge: string;
}

export function makeChallenge(): Challenge {
  const id = randomUUID();
  const challenge = randomBytes(18).toString('base64url');
  return { id, challenge, body: challengeEventBody(id, challenge) };
}

/** True for a 2xx whose body is a JSON object with the same `challenge`. A receiver may simply echo the event. */
export function isAnswered(
  { challenge }: Challenge,
  { outcome, excerpt }: Pick<TryResult, 'outcome' | 'excerpt'>,
): boolean {
  if (outcome !== 'delivered' || excerpt === null) return false;
  try {
    const answer = JSON.parse(excerpt) as { challenge?: unknown } | null;
    return answer?.challenge === challenge;
  } catch {
    return false;
  }
}
