import { createHmac } from 'node:crypto';

/** Standard Webhooks 1.0: secrets are 24 to 64 random bytes, written as `whsec_` and their base64. */
export const SECRET_BYTES = 32;
const PREFIX = 'whsec_';

export function formatSecret(secret: Uint8Array): string {
  return PREFIX + Buffer.from(secret).toString('base64');
}

/**
 * The three headers of one try (Standard Webhooks 1.0). Each secret gives a signature, so that a receiver can still
 * verify with the old secret while a rotation lasts.
 */
export function signatureHeaders(
  { id, body, at }: { readonly id: string; readonly body: string; readonly at: Date },
  secrets: readonly Uint8Array[],
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signed = `${id}.${timestamp}.${body}`;
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
