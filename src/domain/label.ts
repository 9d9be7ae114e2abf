/** Pattern of the names of tenants and policies: lower-case letters, digits and hyphens, at most 63 characters. */
export const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
