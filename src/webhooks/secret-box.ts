import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/**
 * Seals secrets for the database: AES-256-GCM with a key that the database does not hold.
 *
 *     version (1) ‖ key id (4) ‖ nonce (12) ‖ tag (16) ‖ ciphertext
 *
 * `context` (the endpoint's id) is authenticated too, so a sealed secret that is copied to another row does not open.
 */
export interface SecretBox {
  seal(secret: Uint8Array, context: string): Uint8Array;
  /** @throws if no key fits, or if the bytes were changed */
  open(sealed: Uint8Array, context: string): Uint8Array;
}

const VERSION = 1;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + 4 + NONCE_BYTES + TAG_BYTES;

/** `keys`: 32 bytes each; the first one seals, all of them open. */
export function createSecretBox(keys: readonly Uint8Array[]): SecretBox {
  const [newest] = keys;
  if (newest === undefined || keys.some((key) => key.length !== KEY_BYTES))
    throw new RangeError('A secret box needs keys of 32 bytes');
  const byId = new Map(keys.map((key) => [idOf(key), key]));

  return {
    seal(secret, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', newest, nonce).setAAD(Buffer.from(context));
      const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
      const header = Buffer.concat([Buffer.from([VERSION]), Buffer.from(idOf(newest), 'hex'), nonce]);
      return Buffer.concat([header, cipher.getAuthTag(), ciphertext]);
    },

    open(sealed, context) {
      const bytes = Buffer.from(sealed);
      const key = byId.get(bytes.subarray(1, 5).toString('hex'));
      if (bytes[0] !== VERSION || key === undefined)
        throw new Error('A webhook secret was sealed with a key that SECRETS_KEY does not hold');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(5, 5 + NONCE_BYTES))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(5 + NONCE_BYTES, HEADER_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES)), decipher.final()]);
    },
  };
}

function idOf(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}
