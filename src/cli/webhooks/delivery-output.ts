import type { DeliveryEntry } from '../../domain/ports/webhooks.ts';
import { describeHttpUrl } from '../../domain/http/http-url.ts';
import { UsageError } from '../../process/program.ts';
import { nextTryInMs, SCHEDULE_MS } from '../../webhooks/retry-schedule.ts';
import { PROGRAM } from '../usage.ts';

const WITHOUT_JITTER = 0.5;

export function describeDelivery(entry: DeliveryEntry): string {
  const { id, createdAt, event, state, assetId, endpointId, url } = entry;
  return `${id}  ${createdAt.toISOString()}  ${event.padEnd(9)}  ${state.padEnd(9)}  ${describeTries(entry)}  ${
    assetId ?? '-'.padEnd(36)
  }  ${endpointId}  ${describeHttpUrl(url)}`;
}

/** E.g. `3 tries, last http_500 in 12 ms`. */
export function describeTries({ tries, failure }: DeliveryEntry): string {
  const last = tries.at(-1);
  const why = failure === null ? '' : ` (${failure})`;
  if (last === undefined) return `no try${why}`;
  const answer = last.error ?? `http_${last.status}`;
  const reason = last.reason === null ? '' : `, because: ${last.reason}`;
  return `${tries.length} ${tries.length === 1 ? 'try' : 'tries'}, last ${answer} in ${last.durationMs} ms${why}${reason}`;
}

/** The tries of a delivery, and when it is tried again if it is pending. */
export function describeTriesAndNext(entry: DeliveryEntry, tenant: string): string {
  const [tries, next] = [describeTries(entry), describeNextTry(entry, tenant)];
  // The reason of a try is a sentence, but an error code is none.
  return next === '' ? tries : `${tries.replace(/\.?$/, '.')} ${next}`;
}

function describeNextTry({ id, state, tries }: DeliveryEntry, tenant: string): string {
  const nextMs = nextTryInMs(tries.length, null, WITHOUT_JITTER);
  if (state !== 'pending' || nextMs === null) return '';
  const [seconds, hours] = [Math.round(nextMs / 1_000), Math.round(SCHEDULE_MS / 3_600_000)];
  return `It is tried again in about ${seconds} s, and so on for ${hours} h.\nLook: ${PROGRAM} webhooks delivery ${id} --tenant ${tenant}`;
}

export function noSuchDelivery(tenant: string): UsageError {
  return new UsageError(
    `The tenant ${tenant} has no such delivery.`,
    `\`webhooks deliveries --tenant ${tenant}\` lists its deliveries.`,
  );
}
