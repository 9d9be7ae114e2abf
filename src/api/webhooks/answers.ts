import { z } from 'zod';
import {
  DELIVERY_EVENTS,
  DELIVERY_FAILURES,
  DELIVERY_STATES,
  DISABLED_BECAUSE,
  REPLAY_PAUSE_S,
} from '../../domain/delivery.ts';
import type { DeliveryEntry, Endpoint } from '../../domain/ports/webhooks.ts';
import { describeHttpUrl } from '../../domain/http/http-url.ts';
import { externalId, labels } from '../assets/own-names.ts';
import { type Answer, count, time, uuid } from '../http/answer.ts';

/** The answers about deliveries and endpoints. */
const url = z.string().meta({ description: 'Scheme and host only, because the rest may be a secret.' });

export const deliveryState = z.enum(DELIVERY_STATES).meta({ id: 'DeliveryState' });

export const deliveryTry = z
  .object({
    at: time,
    status: z.int().nullable().meta({ description: 'The status of the answer. `null` if no answer came.' }),
    durationMs: count,
    error: z.string().nullable().meta({ description: 'A code such as `http_500` or `timeout`.' }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'What is wrong, in words. Set with `tls_error` only.' }),
  })
  .meta({ id: 'DeliveryTry' });

export const delivery = z
  .object({
    id: uuid.meta({ description: 'The `webhook-id` of every try.' }),
    assetId: uuid.nullable().meta({ description: 'Null for a test event.' }),
    externalId,
    labels,
    attempt: count.nullable(),
    event: z.enum(DELIVERY_EVENTS).meta({ id: 'DeliveryEvent' }),
    endpointId: uuid,
    url,
    state: deliveryState,
    failure: z.enum(DELIVERY_FAILURES).nullable(),
    createdAt: time,
    dueAt: time.nullable().meta({
      description:
        'When the next try is due. A time in the past: the try is under way, or its endpoint takes none now. Null unless the delivery is pending.',
    }),
    finishedAt: time.nullable(),
    tries: z.array(
      deliveryTry
        .extend({
          excerpt: z.string().nullable().meta({ description: "The beginning of the answer's body." }),
        })
        .meta({ id: 'DeliveryTryWithExcerpt' }),
    ),
  })
  .meta({ id: 'Delivery' });

export const sentAgain = z.object({ id: uuid, state: z.literal('pending') }).meta({ id: 'SentAgain' });

export const sentTest = sentAgain.extend({ endpointId: uuid }).meta({ id: 'SentTest' });

export const replayCounts = z
  .object({
    replayed: count,
    tooSoon: count.meta({
      description: `Pending deliveries that are not sent again, because the last replay was less than ${REPLAY_PAUSE_S} s ago.`,
    }),
    leftOut: count.meta({
      description: 'Deliveries that are not sent again, because their endpoint is disabled.',
    }),
  })
  .meta({ id: 'ReplayCounts' });

export const endpoint = z
  .object({
    id: uuid,
    url,
    state: z.enum(['enabled', 'disabled']),
    createdAt: time,
    verifiedAt: time
      .nullable()
      .meta({ description: 'When the receiver first accepted an event or answered a challenge.' }),
    deliveredAt: time.nullable().meta({ description: 'The time of the last delivery, exact to the minute.' }),
    failingSince: time.nullable(),
    disabledAt: time.nullable(),
    disabledBecause: z.enum(DISABLED_BECAUSE).nullable(),
  })
  .meta({ id: 'Endpoint', description: 'A webhook URL without query and fragment.' });

export function representDelivery({ url, ...entry }: DeliveryEntry): Answer<typeof delivery> {
  return { ...entry, url: describeHttpUrl(url) };
}

export function representEndpoint({ url, disabledAt, ...given }: Endpoint): Answer<typeof endpoint> {
  return {
    ...given,
    url: describeHttpUrl(url),
    state: disabledAt === null ? 'enabled' : 'disabled',
    disabledAt,
  };
}
