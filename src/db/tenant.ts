import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { guard } from './trouble.ts';

/**
 * Setting of the pool that serves requests: its sessions run as the role of migration 0005, which sees no row
 * but those of the tenant that a transaction is for.
 */
export const AS_TENANT = 'role=validatr_tenant';

/**
 * An entity manager for one tenant. What it may see is bounded twice: by the filter `tenant` of the entities (in SQL of
 * our own by a condition on `owner`), and by the policies of Postgres. MikroORM gives both the same value: it wraps each
 * call in a transaction that sets `validatr.tenant`.
 */
export function forTenant(orm: MikroORM, tenant: string): EntityManager {
  const em = orm.em.fork();
  em.setFilterParams('tenant', { tenant });
  return em;
}

/** `execute`, bounded to a tenant's rows by Postgres. @throws {AppError} as that does */
export function executeFor<Row extends object>(
  orm: MikroORM,
  tenant: string,
  sql: string,
  params: readonly unknown[],
): Promise<Row[]> {
  return guard(() => forTenant(orm, tenant).execute<Row[]>(sql, [...params]));
}
