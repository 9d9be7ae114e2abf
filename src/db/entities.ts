import { defineEntity, p } from '@mikro-orm/core';
import type { InferKyselyDB } from '@mikro-orm/postgresql';
import type { AssetErrors, AssetPath, AssetState, NotificationKey } from '../domain/asset.ts';
import type { DeliveryEvent, DeliveryFailure, DeliveryState, DisabledBecause } from '../domain/delivery.ts';
import type { ReportedFinding } from '../domain/findings.ts';
import type { Scope } from '../domain/api-key.ts';
import type { ImageFacts } from '../domain/image-facts.ts';
import type { PolicyRules } from '../domain/policy.ts';
import type { StepRecord } from '../domain/steps.ts';

/**
 * A filter that every query through an entity needs. Without `setFilterParams` the query throws. `rls` hands the same value to
 * the policies of Postgres (`src/db/tenant.ts`).
 */
const OF_TENANT = {
  tenant: {
    name: 'tenant',
    cond: (args: { readonly tenant?: string }) => ({ tenant: args.tenant }),
    default: true,
    rls: { setting: 'validatr.tenant' },
  },
};

/** The column got its name before the term tenant was chosen. */
const tenant = () => p.text().fieldName('owner');

/** The text under each notification key, and whether it can be called (`parseWebhookUrl`). */
export type Webhooks = {
  readonly [key in NotificationKey]?: { readonly url: string; readonly usable: boolean };
};

/**
 * One row for each asset. `attempt` counts validations. `runId` is the workflow run that owns the attempt. `claims` counts how
 * often that run began: more than one means that a worker died during it. Without a policy, the default policy applies.
 */
export const Asset = defineEntity({
  name: 'Asset',
  tableName: 'assets',
  filters: OF_TENANT,
  properties: {
    id: p.uuid().primary(),
    tenant: tenant(),
    state: p.text().$type<AssetState>().default('queued'),
    attempt: p.integer().default(1),
    location: p.text().$type<AssetPath['location']>(),
    path: p.text(),
    webhooks: p.json().$type<Webhooks>(),
    policyName: p.text().nullable(),
    policyVersion: p.integer().nullable(),
    sha256: p.text().nullable(),
    needs: p.smallint().default(1),
    runId: p.text().nullable(),
    claims: p.integer().default(0),
    heldBy: p.text().nullable(),
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

/** An earlier attempt of an asset, as it was when the next one began. A trigger keeps it (migration 0014). */
const Attempt = defineEntity({
  name: 'Attempt',
  tableName: 'attempts',
  filters: OF_TENANT,
  properties: {
    assetId: p.uuid().primary(),
    attempt: p.integer().primary(),
    tenant: tenant(),
    state: p.text().$type<AssetState>(),
    policyName: p.text().nullable(),
    policyVersion: p.integer().nullable(),
    errors: p.json().$type<AssetErrors>().nullable(),
    findings: p.json().$type<ReportedFinding[]>().nullable(),
    steps: p.json().$type<StepRecord[]>().nullable(),
    cancelReason: p.text().nullable(),
    runId: p.text().nullable(),
    startedAt: p.datetime().nullable(),
    finishedAt: p.datetime().nullable(),
  },
});

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
const DeliveryTry = defineEntity({
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
const Endpoint = defineEntity({
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

/** The asset that was accepted with an `Idempotency-Key`. */
const IdempotencyKey = defineEntity({
  name: 'IdempotencyKey',
  tableName: 'idempotency_keys',
  filters: OF_TENANT,
  properties: {
    tenant: tenant().primary(),
    route: p.text().primary(),
    key: p.text().primary(),
    requestHash: p.blob(),
    assetId: p.uuid(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});

const StoredApiKey = defineEntity({
  name: 'StoredApiKey',
  tableName: 'api_keys',
  filters: OF_TENANT,
  properties: {
    id: p.text().primary(),
    tenant: tenant(),
    name: p.text(),
    scopes: p.array().$type<Scope[]>(),
    hash: p.blob(),
    createdAt: p.datetime().defaultRaw('now()'),
    expiresAt: p.datetime().nullable(),
    lastUsedAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
    replacedBy: p.text().nullable(),
  },
});

/** One version of a tenant's policy. It never changes and is never deleted. */
const PolicyVersion = defineEntity({
  name: 'PolicyVersion',
  tableName: 'policies',
  filters: OF_TENANT,
  properties: {
    tenant: tenant().primary(),
    name: p.text().primary(),
    version: p.integer().primary(),
    rules: p.json().$type<PolicyRules>(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
});

/** The fingerprint of an asset, for the search for duplicates (migrations 0007, 0014). */
const Fingerprint = defineEntity({
  name: 'Fingerprint',
  tableName: 'fingerprints',
  filters: OF_TENANT,
  properties: {
    assetId: p.uuid().primary(),
    tenant: tenant(),
    seq: p.bigint('string'),
    size: p.double().nullable(),
    pixelHash: p.blob().nullable(),
    perceptualHash: p.bigint('string').nullable(),
    firstOfLook: p.boolean(),
    file: p.blob().nullable(),
  },
});

/** A live worker process. It signs in every second. */
const LiveWorker = defineEntity({
  name: 'LiveWorker',
  tableName: 'workers',
  properties: { id: p.text().primary(), seenAt: p.datetime() },
});

/** The table's only row: how far the reconciler has read Temporal's closed workflows. */
const ReconcileMark = defineEntity({
  name: 'ReconcileMark',
  tableName: 'reconcile_mark',
  properties: { onlyRow: p.boolean().primary().default(true), closedUntil: p.datetime() },
});

export const ENTITIES = [
  Asset,
  Attempt,
  Delivery,
  DeliveryTry,
  Endpoint,
  IdempotencyKey,
  StoredApiKey,
  PolicyVersion,
  Fingerprint,
  LiveWorker,
  ReconcileMark,
];

/** The tables for Kysely, with the names of their columns in Postgres. */
export type Tables = InferKyselyDB<(typeof ENTITIES)[number]>;
