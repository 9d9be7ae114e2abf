import { p } from '@mikro-orm/core';

/**
 * Setting of the pool that serves requests. Its sessions run as the role of migration 0005. That role sees only the rows of the
 * tenant that a transaction is for.
 */
export const AS_TENANT = 'role=validatr_tenant';

/**
 * A filter that every query through an entity needs. Without `setFilterParams` the query throws. `rls` hands the same value to
 * the policies of Postgres (migration 0005).
 */
export const OF_TENANT = {
  tenant: {
    name: 'tenant',
    cond: (args: { readonly tenant?: string }) => ({ tenant: args.tenant }),
    default: true,
    rls: { setting: 'validatr.tenant' },
  },
};

/** The column got its name before the term tenant was chosen. */
export const tenant = () => p.text().fieldName('owner');
