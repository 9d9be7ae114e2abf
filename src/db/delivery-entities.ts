import { defineEntity, p } from '@mikro-orm/core';
import type { DeliveryEvent, DeliveryFailure, DeliveryState, DisabledBecause } from '../domain/delivery.ts';
import { OF_TENANT, tenant } from './tenant.ts';

/** One row for each event of a webhook. Its id is the `webhook-id`. Every try sends `body`. */
export const Delivery = defineEntity({
  name: 'Delivery',
  tableName: 'deliveries',
  filters: OF_TENANT,
  properties: {
    id: p.uuid().primary(),
    tenant: tenant(),
    assetId: p.uuid().nullable(),
    attempt: p.integer(),
    event: p.text().$type<DeliveryEvent>(),
    url: p.text(),
    body: p.text(),
    state: p.text().$type<DeliveryState>(),
    failure: p.text().$type<DeliveryFailure>().nullable(),
    endpointId: p.uuid(),
    replays: p.integer().default(0),
    replayedAt: p.datetime().nullable(),
    triesBeforeReplay: p.integer().default(0),
    waitsForStart: p.boolean().default(false),
    createdAt: p.datetime().defaultRaw('now()'),
    dueAt: p.datetime(),
    checkedAt: p.datetime().nullable(),
    handedOverAt: p.datetime().nullable(),
    finishedAt: p.datetime().nullable(),
  },
});

/** One HTTP try of a delivery. */
export const DeliveryTry = defineEntity({
  name: 'DeliveryTry',
  tableName: 'delivery_tries',
  properties: {
    deliveryId: p.uuid().primary(),
    number: p.integer().primary(),
    at: p.datetime(),
    status: p.integer().nullable(),
    durationMs: p.integer(),
    error: p.text().nullable(),
    reason: p.text().nullable(),
    excerpt: p.text().nullable(),
  },
});

/** A tenant's receiver: the URL of its deliveries without query and fragment. Secrets are sealed. */
export const Endpoint = defineEntity({
  name: 'Endpoint',
  tableName: 'endpoints',
  filters: OF_TENANT,
  properties: {
    id: p.uuid().primary(),
    tenant: tenant(),
    url: p.text(),
    secret: p.blob(),
    previousSecret: p.blob().nullable(),
    previousSecretUntil: p.datetime().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    verifiedAt: p.datetime().nullable(),
    deliveredAt: p.datetime().nullable(),
    failingSince: p.datetime().nullable(),
    disabledAt: p.datetime().nullable(),
    disabledBecause: p.text().$type<DisabledBecause>().nullable(),
  },
});
