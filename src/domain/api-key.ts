import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { LABEL } from './label.ts';

/**
 * What a key may do. `admin` manages the keys of its tenant, so it could give itself the rest: it includes them.
 */
export const SCOPES = ['assets:read', 'assets:write', 'webhooks:manage', 'policies:manage', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** The tenant of everything where keys are not asked for. */
export const DEFAULT_TENANT = 'default';

export const TENANT_NAME = new RegExp(`^${LABEL}$`);

/** Live keys a tenant may have: what one could make by mistake in a loop. */
export const MAX_LIVE_KEYS = 1_000;

/** The longest that a key may be made for, in days. */
export const MAX_EXPIRY_DAYS = 3_650;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** When a key that lives for so many days from `now` on ends; null: never. */
export function expiryAfter(days: number | null, now: Date): Date | null {
  return days === null ? null : new Date(now.getTime() + days * DAY_MS);
}

/** After a rotation the old key still works for this long, unless another time is given, in hours. */
export const DEFAULT_OVERLAP_H = 24;
export const MAX_OVERLAP_H = 24 * 30;

/**
 * The life of a key.
 *
 *     active ──its time is over──▶ expired
 *        ├──rotate──▶ active for the overlap, then expired
 *        └──revoke──▶ revoked
 */
export const KEY_STATES = ['active', 'expired', 'revoked'] as const;
type ApiKeyState = (typeof KEY_STATES)[number];

/** A key as it may be shown: without anything that would let someone use it. */
export interface ApiKey {
  readonly id: string;
  readonly tenant: string;
  /** For people: what uses it. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** Exact to the minute. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  /** The key that a rotation made in its place. */
  readonly replacedBy: string | null;
}

export function keyState({ expiresAt, revokedAt }: ApiKey, now: Date): ApiKeyState {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active';
}

const ID_BYTES = 8;
export const KEY_ENTROPY_BYTES = ID_BYTES + 32;

/** Digits of base 36 that so many bytes take. */
const digitsOf = (bytes: number) => Math.ceil((bytes * 8) / Math.log2(36));
const ID_DIGITS = digitsOf(ID_BYTES);
const SECRET_DIGITS = digitsOf(KEY_ENTROPY_BYTES - ID_BYTES);
const CHECKSUM_DIGITS = digitsOf(4);

const KEY = new RegExp(
  `^(vk_([0-9a-z]{${ID_DIGITS}})_([0-9a-z]{${SECRET_DIGITS}}))_([0-9a-z]{${CHECKSUM_DIGITS}})$`,
);

/**
 * `vk_<id>_<secret>_<checksum>` of 40 random bytes: 64 bits of id, 256 of secret, and the CRC-32 of what stands before
 * it, so that a key mistyped or cut off is refused without a look into the database, and scanners know a real one.
 */
export function makeApiKey(entropy: Uint8Array): {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly text: string;
} {
  const id = base36(entropy.subarray(0, ID_BYTES), ID_DIGITS);
  const body = `vk_${id}_${base36(entropy.subarray(ID_BYTES), SECRET_DIGITS)}`;
  const text = `${body}_${checksum(body)}`;
  return { id, hash: hashApiKey(text), text };
}

/** Null unless the text is a key whose checksum is right. */
export function parseApiKey(text: string): { readonly id: string; readonly hash: Uint8Array } | null {
  const [, body = '', id = '', , given] = KEY.exec(text) ?? [];
  return given !== undefined && given === checksum(body) ? { id, hash: hashApiKey(text) } : null;
}

/** What is stored of a key: its SHA-256. The secret has 256 random bits, to which no slow hash could add. */
function hashApiKey(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

function checksum(body: string): string {
  return crc32(body).toString(36).padStart(CHECKSUM_DIGITS, '0');
}

function base36(bytes: Uint8Array, digits: number): string {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
    .toString(36)
    .padStart(digits, '0');
}
