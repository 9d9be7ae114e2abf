import type { ApiKey, Scope } from '../api-key.ts';

/** A new key. `hash` is all that is stored of its text. */
interface NewApiKey {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Days of 24 h, from now on the database's clock. Null if the key never expires. */
  readonly expiresInDays: number | null;
}

/** The keys of a tenant, for the people who manage them. */
export interface KeyStore {
  /** Makes a key. Null if the tenant already has `MAX_LIVE_KEYS`. */
  create(tenant: string, key: NewApiKey): Promise<ApiKey | null>;
  /** Oldest first. */
  list(tenant: string): Promise<ApiKey[]>;
  find(tenant: string, id: string): Promise<ApiKey | null>;
  /** Replaces a key by another of the same name and scopes. The old key works for at most `overlapH` more hours. */
  rotate(
    tenant: string,
    id: string,
    successor: Pick<NewApiKey, 'id' | 'hash'>,
    overlapH: number,
  ): Promise<ApiKey | 'not_found' | 'not_active' | 'too_many'>;
  /**
   * Revokes a key. A key that was revoked before stays as it is. Returns the other keys of the same rotations that still
   * work. Null if there is no such key.
   */
  revoke(tenant: string, id: string): Promise<ApiKey[] | null>;
}

/** The keys of all tenants. The API looks up the caller of a request here. */
export interface KeyDirectory {
  find(id: string): Promise<{ readonly key: ApiKey; readonly hash: Uint8Array } | null>;
  markUsed(id: string): Promise<void>;
  listAll(): Promise<ApiKey[]>;
  /** Every tenant that a key was ever made for. */
  tenants(): Promise<string[]>;
  /** Whether any key is active. */
  hasActive(): Promise<boolean>;
}
