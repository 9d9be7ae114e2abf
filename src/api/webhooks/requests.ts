import { z } from 'zod';
import { DELIVERY_STATES } from '../../domain/delivery.ts';
import type { DeliveryFilter } from '../../domain/ports/webhooks.ts';
import { parseWebhookUrl } from '../../domain/webhook-url.ts';
import { text } from '../../domain/text.ts';
import { pageQuery } from '../http/pages.ts';
import { parse } from '../http/parse.ts';
import { MAX_URL_LENGTH } from '../assets/requests.ts';

const id = z.uuid({ error: 'must be a UUID' });
/** What every database takes. Nothing is older, nor newer: a time beyond is as good as its bound. */
const FIRST_TIME = new Date('1970-01-01T00:00:00Z');
const LAST_TIME = new Date('9999-01-01T00:00:00Z');

const time = z.iso
  .datetime({ offset: true, error: 'must be a time as in 2026-01-31T12:00:00Z' })
  .transform((iso) => {
    const date = new Date(iso);
    if (date < FIRST_TIME) return FIRST_TIME;
    return date > LAST_TIME ? LAST_TIME : date;
  });

const filter = {
  asset: id.optional(),
  endpoint: id.optional(),
  state: z.enum(DELIVERY_STATES).optional(),
  from: time.optional(),
  to: time.optional(),
};

export const deliveryQuery = z.strictObject({
  ...filter,
  ...pageQuery,
});

/** An empty body would replay everything that was ever sent: one restriction has to be given. */
export const replayRequest = z
  .strictObject(filter)
  .refine((given) => Object.values(given).some((value) => value !== undefined), {
    error: 'must name at least one of asset, endpoint, state, from, to',
  })
  .meta({ id: 'ReplayRequest', minProperties: 1 });

/** What of `parseWebhookUrl` a pattern can say, for clients; whether the host is one it can not. */
const WEBHOOK_URL = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s\\<>"{}|^`/?#@]+(?:[/?#][^\s\\<>"{}|^`]*)?$/;

export const testRequest = z
  .strictObject({
    url: text
      .max(MAX_URL_LENGTH)
      .meta({ format: 'uri', pattern: WEBHOOK_URL.source })
      .transform((url) => parseWebhookUrl(url)?.href ?? '')
      .refine((url) => url !== '', { error: 'must be a valid absolute http(s) URL without user info' }),
  })
  .meta({ id: 'TestRequest' });

/** @throws {AppError} `invalid_request` */
export function parseDeliveryQuery(given: unknown) {
  const { limit, cursor, ...rest } = parse(deliveryQuery, given);
  return { ...asFilter(rest), limit, cursor };
}

/** @throws {AppError} `invalid_request` */
export function parseReplayRequest(body: unknown): DeliveryFilter {
  return asFilter(parse(replayRequest, body));
}

/** @throws {AppError} `invalid_request` */
export function parseTestRequest(body: unknown): { url: string } {
  return parse(testRequest, body);
}

function asFilter({ asset, endpoint, ...rest }: z.output<typeof replayRequest>): DeliveryFilter {
  return { assetId: asset, endpointId: endpoint, ...rest };
}
