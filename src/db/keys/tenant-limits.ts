import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { TenantLimits } from '../../domain/ports/limits.ts';
import type { TenantLimitsStore } from '../../domain/ports/keys.ts';
import { query } from '../query.ts';

const LIMITS = sql`owner AS tenant, requests_per_minute AS "requestsPerMinute", mib_per_minute AS "mibPerMinute",
  requests_at_once AS "requestsAtOnce", webhook_events_per_minute AS "webhookEventsPerMinute",
  webhook_endpoints_max AS "webhookEndpointsMax"`;

/** `orm` must see the rows of all tenants. */
export function createTenantLimits(orm: MikroORM): TenantLimitsStore {
  return {
    async list() {
      const { rows } = await query(orm, (db) =>
        sql<TenantLimits & { tenant: string }>`SELECT ${LIMITS} FROM tenants ORDER BY owner`.execute(db),
      );
      return rows;
    },

    async set(tenant, limits) {
      const columns = {
        requests_per_minute: limits.requestsPerMinute,
        mib_per_minute: limits.mibPerMinute,
        requests_at_once: limits.requestsAtOnce,
        webhook_events_per_minute: limits.webhookEventsPerMinute,
        webhook_endpoints_max: limits.webhookEndpointsMax,
      };
      await query(orm, (db) =>
        db
          .insertInto('tenants')
          .values({ owner: tenant, ...columns })
          .onConflict((conflict) => conflict.column('owner').doUpdateSet(columns))
          .execute(),
      );
    },
  };
}
