import type { DeliveryEntry } from '../../domain/ports/webhooks.ts';
import { describeWebhookUrl } from '../../domain/webhook-url.ts';
import { UsageError } from '../../process/program.ts';

export function describeDelivery(entry: DeliveryEntry): string {
  const { id, createdAt, event, state, assetId, url } = entry;
  return `${id}  ${createdAt.toISOString()}  ${event.padEnd(9)}  ${state.padEnd(9)}  ${describeTries(entry)}  ${
    assetId ?? '-'
  }  ${describeWebhookUrl(url)}`;
}

/** E.g. `3 tries, last http_500 in 12 ms`. */
export function describeTries({ tries, failure }: DeliveryEntry): string {
  const last = tries.at(-1);
  const why = failure === null ? '' : ` (${failure})`;
  if (last === undefined) return `no try${why}`;
  const answer = last.error ?? `http_${last.status}`;
  return `${tries.length} ${tries.length === 1 ? 'try' : 'tries'}, last ${answer} in ${last.durationMs} ms${why}`;
}

export function noSuchDelivery(tenant: string): UsageError {
  return new UsageError(
    `The tenant ${tenant} has no such delivery.`,
    `\`webhooks deliveries --tenant ${tenant}\` lists its deliveries.`,
  );
}
