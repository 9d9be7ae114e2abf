/**
 * The most that one key may use of one API process. Null: the limit of the level above applies. The levels are the key, its tenant, and the
 * settings of the process.
 */
export interface KeyLimits {
  readonly requestsPerMinute: number | null;
  readonly mibPerMinute: number | null;
  readonly requestsAtOnce: number | null;
}

/** Limits of a tenant: those of each of its keys, and of its webhooks. */
export interface TenantLimits extends KeyLimits {
  readonly webhookEventsPerMinute: number | null;
  readonly webhookEndpointsMax: number | null;
}

/** The greatest limit. It fits into an integer of Postgres, and so do its bytes into a number. */
export const MAX_LIMIT = 1_000_000_000;

export const NO_KEY_LIMITS: KeyLimits = {
  requestsPerMinute: null,
  mibPerMinute: null,
  requestsAtOnce: null,
};

export const NO_TENANT_LIMITS: TenantLimits = {
  ...NO_KEY_LIMITS,
  webhookEventsPerMinute: null,
  webhookEndpointsMax: null,
};
