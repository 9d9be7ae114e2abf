import { Webhook } from 'standardwebhooks';
import type { LogRecord, RecordOf } from './log.ts';
import type { Sighting, Violation } from './sightings.ts';

/** How far `webhook-timestamp` may be from the receiver's clock, or from one that has stepped. Standard Webhooks 1.0 leaves it to libraries: 5 min. */
const TOLERANCE_MS = 5 * 60 * 1000;

/**
 * Checks that every event has a signature by the secret of its endpoint (its URL without query and fragment). The signature is
 * over the id, the timestamp and the bytes that came. The package `standardwebhooks` computes it. Its `verify` is not used,
 * because it would compare timestamps with today's clock instead of the time of arrival.
 */
export function checkSignatures(sightings: readonly Sighting[], records: readonly LogRecord[]): Violation[] {
  const run = records.find((record): record is RecordOf<'run'> => record.type === 'run');
  const clocks = [0, run?.clockStepMs ?? 0];
  const verifiers = new Map<string, Webhook>();
  for (const record of records) {
    if (record.type === 'secret') verifiers.set(record.endpoint, new Webhook(record.secret));
  }

  return sightings.flatMap(({ submission, webhooks }) =>
    webhooks.flatMap(({ url, event, id, timestamp, signature, body, at }): Violation[] => {
      const invalid = (why: string) => [
        { rule: 'webhook_signature', submission, detail: `${event} (${id}): ${why}` } as const,
      ];
      const verifier = verifiers.get(url.replace(/[?#].*$/s, ''));
      if (verifier === undefined) return invalid('its endpoint has no secret');
      if (signature === null || timestamp === null) return invalid('it is not signed');
      if (!/^\d+$/.test(timestamp)) return invalid(`its timestamp is ${timestamp}`);
      const signedAt = new Date(Number(timestamp) * 1000);
      if (!clocks.some((ahead) => Math.abs(signedAt.getTime() - ahead - at) <= TOLERANCE_MS))
        return invalid('its timestamp is not of that time');
      const isGenuine = signature.split(' ').includes(verifier.sign(id ?? '', signedAt, body));
      return isGenuine ? [] : invalid('no signature of it is genuine');
    }),
  );
}
