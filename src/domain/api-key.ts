import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { KeyLimits } from './ports/limits.ts';
import { LABEL } from './label.ts';
import { text } from './text.ts';

/**
 * Permissions of a key. `admin` manages the keys of its tenant and could give
 * itself every other scope, so it includes them.
 */
export const SCOPES = ['assets:read', 'assets:write', 'webhooks:manage', 'policies:manage', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** A sentence for each scope, which says what the scope allows. It stands in the document, the command line and the pages. */
export const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  'assets:read': 'read assets, their verdicts and policies, and judge stored assets',
  'assets:write': 'submit, cancel, retry and delete assets',
  'webhooks:manage': 'everything under /webhooks: deliveries, replays, tests, endpoints',
  'policies:manage': 'make policies and new versions of policies',
  admin: 'manage the keys of the tenant. It includes every other scope',
};

/** The tenant of every request while the API asks for no keys. */
export const DEFAULT_TENANT = 'default';

export const TENANT_NAME = new RegExp(`^${LABEL}$`);

/** Longest name of a key, UTF-16 code units. It bounds a line of `keys list`. */
export const MAX_NAME_LENGTH = 100;

/** The name of a key, as the API and the command line take it. */
export const keyName = text.min(1).max(MAX_NAME_LENGTH);

/** Most active keys of a tenant. The limit stops a loop that makes keys by mistake. */
export const MAX_LIVE_KEYS = 1_000;

/** Longest life of a key, days. */
export const MAX_EXPIRY_DAYS = 3_650;

/** Hours for which the old key still works after a rotation, unless the request gives another number. */
export const DEFAULT_OVERLAP_H = 24;
export const MAX_OVERLAP_H = 24 * 30;

/**
 * The life of a key.
 *
 *     active ──expiresAt passes──▶ expired
 *        ├──rotate──▶ active for the overlap, then expired
 *        └──revoke──▶ revoked
 */
export const KEY_STATES = ['active', 'expired', 'revoked'] as const;
type ApiKeyState = (typeof KEY_STATES)[number];

/** A key as answers show it, without its text and its hash. */
export interface ApiKey {
  readonly id: string;
  readonly tenant: string;
  /** For people: the program or person that uses the key. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** By the database's clock, when the key was read. */
  readonly state: ApiKeyState;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  /** Exact to the minute. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  /** Id of the key that replaced this one in a rotation. */
  readonly replacedBy: string | null;
  /** Those of the key itself. */
  readonly limits: KeyLimits;
}

const ID_BYTES = 8;
export const KEY_ENTROPY_BYTES = ID_BYTES + 32;

/** Number of base-36 digits that `bytes` bytes need. */
const digitsOf = (bytes: number) => Math.ceil((bytes * 8) / Math.log2(36));
export const KEY_ID_LENGTH = digitsOf(ID_BYTES);
const SECRET_DIGITS = digitsOf(KEY_ENTROPY_BYTES - ID_BYTES);
const CHECKSUM_DIGITS = digitsOf(4);

const KEY = new RegExp(
  `^(vk_([0-9a-z]{${KEY_ID_LENGTH}})_([0-9a-z]{${SECRET_DIGITS}}))_([0-9a-z]{${CHECKSUM_DIGITS}})$`,
);

/**
 * Makes the key `vk_<id>_<secret>_<checksum>` from 40 random bytes: 64 bits of id and 256 bits of secret. The checksum
 * is the CRC-32 of the text before it. The API refuses a mistyped key by its checksum, without a database query. Secret
 * scanners recognize a real key by it.
 */
export function makeApiKey(entropy: Uint8Array): {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly text: string;
} {
  const id = base36(entropy.subarray(0, ID_BYTES), KEY_ID_LENGTH);
  const body = `vk_${id}_${base36(entropy.subarray(ID_BYTES), SECRET_DIGITS)}`;
  const text = `${body}_${checksum(body)}`;
  return { id, hash: hashApiKey(text), text };
}

/** The id and the hash of a key. Null if the text is no key or its checksum is wrong. */
export function parseApiKey(text: string): { readonly id: string; readonly hash: Uint8Array } | null {
  const [, body = '', id = '', , given] = KEY.exec(text) ?? [];
  return given !== undefined && given === checksum(body) ? { id, hash: hashApiKey(text) } : null;
}

/**
 * The SHA-256 of a key, which is all that is stored. A slow hash would add
 * nothing, because the secret has 256 random bits.
 */
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
