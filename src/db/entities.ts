import { defineEntity, p } from '@mikro-orm/core';
import type { AssetErrors, AssetPath, AssetState, NotificationKey, StepRecord } from '../domain/asset.ts';
import type { DeliveryState } from '../domain/delivery.ts';
import type { ReportedFinding } from '../domain/findings.ts';
import type { ImageFacts } from '../domain/image-facts.ts';

/**
 * Every query through an entity needs it: without `setFilterParams` it throws. `rls` hands the same value to the policies
 * of Postgres (`src/db/tenant.ts`).
 */
const OF_TENANT = {
  tenant: {
    name: 'tenant',
    cond: (args: { readonly tenant?: string }) => ({ owner: args.tenant }),
    default: true,
    rls: { setting: 'validatr.tenant' },
  },
};

/** What was given under one notification key, and whether it can be called (`parseWebhookUrl`). */
export type Webhooks = {
  readonly [key in NotificationKey]?: { readonly url: string; readonly usable: boolean };
};

/**
 * One row an asset. `owner` is the tenant; `attempt` counts validations; `runId` is the workflow run that owns the attempt;
 * `claims` counts how often that run began (more than one means that a worker died under it). Without a policy: the contract's own.
 */
export const Asset = defineEntity({
  name: 'Asset',
  tableName: 'assets',
  filters: OF_TENANT,
  properties: {
    id: p.uuid().primary(),
    owner: p.text(),
    state: p.text().$type<AssetState>().default('queued'),
    attempt: p.integer().default(1),
    location: p.text().$type<AssetPath['location']>(),
    path: p.text(),
    webhooks: p.json().$type<Webhooks>(),
    policyName: p.text().nullable(),
    policyVersion: p.integer().nullable(),
    sha256: p.text().nullable(),
    runId: p.text().nullable(),
    claims: p.integer().default(0),
    dispatchedAt: p.datetime().nullable(),
    leaseUntil: p.datetime().nullable(),
    checkedAt: p.datetime().nullable(),
    cancelRequestedAt: p.datetime().nullable(),
    cancelReason: p.text().nullable(),
    cancelSignaledAt: p.datetime().nullable(),
    errors: p.json().$type<AssetErrors>().nullable(),
    findings: p.json().$type<ReportedFinding[]>().nullable(),
    steps: p.json().$type<StepRecord[]>().nullable(),
    image: p.json().$type<ImageFacts>().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    startedAt: p.datetime().nullable(),
    finishedAt: p.datetime().nullable(),
  },
});

/** One row an event that a webhook is told about. Its id is the `webhook-id`; `body` is what every try sends. */
export const Delivery = defineEntity({
  name: 'Delivery',
  tableName: 'deliveries',
  filters: OF_TENANT,
  properties: {
    id: p.uuid().primary(),
    owner: p.text(),
    assetId: p.uuid(),
    attempt: p.integer(),
    event: p.text().$type<NotificationKey>(),
    url: p.text(),
    body: p.text(),
    state: p.text().$type<DeliveryState>(),
    createdAt: p.datetime().defaultRaw('now()'),
    dueAt: p.datetime(),
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
  },
});
