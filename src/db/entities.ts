import { defineEntity, p } from '@mikro-orm/core';
import type { InferKyselyDB } from '@mikro-orm/postgresql';
import type { AssetErrors, AssetState, Labels, NotificationKey } from '../domain/asset.ts';
import type { AssetPath, Location } from '../domain/sources/asset-path.ts';
import type { ReportedFinding } from '../domain/findings.ts';
import type { Scope } from '../domain/api-key.ts';
import type { ImageFacts } from '../domain/image-facts.ts';
import type { PolicyRules } from '../domain/policy.ts';
import type { StepRecord } from '../domain/steps.ts';
import { Delivery, DeliveryTry, Endpoint } from './delivery-entities.ts';
import { OF_TENANT, tenant } from './tenant.ts';

/** The text under each notification key, and whether it can be called (`parseHttpUrl`). */
export type Webhooks = {
  readonly [key in NotificationKey]?: { readonly url: string; readonly usable: boolean };
};

/**
 * One row for each asset. `attempt` counts validations. `runId` is the workflow run that owns the attempt. `claims` counts how
 * often that run began: more than one means that a worker died during it. Without a policy, the default policy applies.
 * `path` may be shown. `locator` may not, and only assets that are no local files have one.
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
    location: p.text().$type<Location>(),
    path: p.text(),
    locator: p.json().$type<AssetPath>().nullable(),
    externalId: p.text().nullable(),
    labels: p.json().$type<Labels>().nullable(),
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
    requestsPerMinute: p.integer().nullable(),
    mibPerMinute: p.integer().nullable(),
    requestsAtOnce: p.integer().nullable(),
  },
});

/** The limits that an operator has set for a tenant. */
const StoredTenantLimits = defineEntity({
  name: 'StoredTenantLimits',
  tableName: 'tenants',
  filters: OF_TENANT,
  properties: {
    tenant: tenant().primary(),
    requestsPerMinute: p.integer().nullable(),
    mibPerMinute: p.integer().nullable(),
    requestsAtOnce: p.integer().nullable(),
    webhookEventsPerMinute: p.integer().nullable(),
    webhookEndpointsMax: p.integer().nullable(),
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
  StoredTenantLimits,
  PolicyVersion,
  Fingerprint,
  LiveWorker,
  ReconcileMark,
];

/** The tables for Kysely, with the names of their columns in Postgres. */
export type Tables = InferKyselyDB<(typeof ENTITIES)[number]>;
