import type { ApiKey, Scope } from '../api-key.ts';

/** A key as it comes into being; `hash` is all that is ever stored of its text. */
interface NewApiKey {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
}

/** The keys of a tenant, for those who manage them. */
export interface KeyStore {
  /** Null where the tenant has `MAX_LIVE_KEYS` already. */
  create(tenant: string, key: NewApiKey): Promise<ApiKey | null>;
  /** Oldest first. */
  list(tenant: string): Promise<ApiKey[]>;
  find(tenant: string, id: string): Promise<ApiKey | null>;
  /** Puts another key of the same name and scopes in its place; the old one works for `overlapH` more hours at most. */
  rotate(
    tenant: string,
    id: string,
    successor: Pick<NewApiKey, 'id' | 'hash'>,
    overlapH: number,
  ): Promise<ApiKey | 'not_found' | 'not_active' | 'too_many'>;
  /** Ends a key; one that was revoked before stays as it is. Null where there is none. */
  revoke(tenant: string, id: string): Promise<ApiKey | null>;
}

/** All keys, whoever they belong to: for finding out who calls. */
export interface KeyDirectory {
  find(id: string): Promise<{ readonly key: ApiKey; readonly hash: Uint8Array } | null>;
  markUsed(id: string): Promise<void>;
  listAll(): Promise<ApiKey[]>;
  /** Every tenant that a key was ever made for. */
  tenants(): Promise<string[]>;
  /** Whether any key exists that works. */
  hasActive(): Promise<boolean>;
}
