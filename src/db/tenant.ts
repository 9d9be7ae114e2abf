/**
 * Setting of the pool that serves requests: its sessions run as the role of migration 0005, which sees no row
 * but those of the tenant that a transaction is for.
 */
export const AS_TENANT = 'role=validatr_tenant';
