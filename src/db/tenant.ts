/**
 * Setting of the pool that serves requests. Its sessions run as the role of migration 0005. That role sees only the rows of the
 * tenant that a transaction is for.
 */
export const AS_TENANT = 'role=validatr_tenant';
