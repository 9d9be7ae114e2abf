import { z } from 'zod';
import { DELIVERY_STATES } from '../../domain/delivery.ts';
import type { DeliveryFilter } from '../../domain/ports/webhooks.ts';
import { parseHttpUrl } from '../../domain/http/http-url.ts';
import { text } from '../../domain/text.ts';
import { givenTime } from '../http/given-time.ts';
import { pageQuery } from '../http/pages.ts';
import { MAX_URL_LENGTH } from '../assets/asset-path.ts';
import { externalId } from '../assets/requests.ts';

const id = z.uuid({ error: 'must be a UUID' });

const filter = {
  asset: id.optional(),
  endpoint: id.optional(),
  state: z.enum(DELIVERY_STATES).optional(),
  externalId: externalId.optional().meta({ description: 'Your own name for the asset.' }),
  since: givenTime.optional().meta({ description: 'Created at this time or later.' }),
  until: givenTime.optional().meta({ description: 'Created before this time.' }),
  from: givenTime.optional().meta({ description: 'The older name of `since`.' }),
  to: givenTime.optional().meta({ description: 'The older name of `until`.' }),
};

export const deliveryQuery = z.strictObject({
  ...filter,
  ...pageQuery,
});

/** An empty body would replay everything that was ever sent, so it must name a filter. */
export const replayRequest = z
  .strictObject(filter)
  .refine((given) => Object.values(given).some((value) => value !== undefined), {
    error: 'must name at least one of asset, endpoint, state, externalId, since, until',
  })
  .meta({ id: 'ReplayRequest', minProperties: 1 });

/** For clients: the rules of `parseHttpUrl`, as far as a pattern can state them. It can't tell whether the host is valid. */
const WEBHOOK_URL = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s\\<>"{}|^`/?#@]+(?:[/?#][^\s\\<>"{}|^`]*)?$/;

export const testRequest = z
  .strictObject({
    url: text
      .max(MAX_URL_LENGTH)
      .meta({ format: 'uri', pattern: WEBHOOK_URL.source })
      .transform((url) => parseHttpUrl(url)?.href ?? '')
      .refine((url) => url !== '', { error: 'must be a valid absolute http(s) URL without user info' }),
  })
  .meta({ id: 'TestRequest' });

/** Puts the filter into the names of the port. */
export function asFilter({
  asset,
  endpoint,
  from,
  to,
  since = from,
  until = to,
  ...rest
}: z.output<typeof replayRequest>): DeliveryFilter {
  return { assetId: asset, endpointId: endpoint, since, until, ...rest };
}
