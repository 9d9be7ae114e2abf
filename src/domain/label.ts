/** What names tenants and policies, as a pattern: lower-case letters, digits and hyphens, 63 at most. */
export const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
