import type { ApiKey, Scope } from '../api-key.ts';
import type { KeyLimits, TenantLimits } from './limits.ts';

/** A new key. `hash` is all that is stored of its text. */
interface NewApiKey {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Days of 24 h, from now on the database's clock. Null if the key never expires. */
  readonly expiresInDays: number | null;
  readonly limits?: KeyLimits;
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
  /** Sets all limits of a key. */
  setLimits(tenant: string, id: string, limits: KeyLimits): Promise<void>;
}

/** Limits of tenants, for operators. */
export interface TenantLimitsStore {
  /** Tenants for which limits were set, by name. */
  list(): Promise<(TenantLimits & { readonly tenant: string })[]>;
  /** Sets all limits of a tenant. */
  set(tenant: string, limits: TenantLimits): Promise<void>;
}

/** The keys of all tenants. The API looks up the caller of a request here. */
export interface KeyDirectory {
  /** `limits`: those of the key, and where it has none those of its tenant. */
  find(
    id: string,
  ): Promise<{ readonly key: ApiKey; readonly hash: Uint8Array; readonly limits: KeyLimits } | null>;
  markUsed(id: string): Promise<void>;
  listAll(): Promise<ApiKey[]>;
  /** Every tenant that a key was ever made for. */
  tenants(): Promise<string[]>;
  /** Whether any key is active. */
  hasActive(): Promise<boolean>;
}
