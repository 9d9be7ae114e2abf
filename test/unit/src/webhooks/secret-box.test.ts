import { describe, expect, it } from 'vitest';
import { createSecretBox } from '../../../../src/webhooks/secret-box.ts';

const oldKey = Buffer.alloc(32, 'o');
const newKey = Buffer.alloc(32, 'n');
const secret = Buffer.from('a secret of 32 bytes, exactly so');

describe('the secret box', () => {
  const box = createSecretBox([oldKey]);
  const sealed = Buffer.from(box.seal(secret, 'endpoint-1'));

  it('gives back what it sealed and shows nothing of it', () => {
    expect(Buffer.from(box.open(sealed, 'endpoint-1'))).toEqual(secret);
    expect(sealed.includes(secret.subarray(0, 8))).toBe(false);
    expect(Buffer.from(box.seal(secret, 'endpoint-1'))).not.toEqual(sealed);
  });

  it('does not open for another endpoint, nor when a bit was changed', () => {
    expect(() => box.open(sealed, 'endpoint-2')).toThrow('authenticate');
    const last = sealed.length - 1;
    const changed = Buffer.concat([sealed.subarray(0, last), Buffer.from([(sealed[last] ?? 0) ^ 1])]);
    expect(() => box.open(changed, 'endpoint-1')).toThrow('authenticate');
  });

  it('opens with an older key while a rotation lasts, and seals with the newest', () => {
    const both = createSecretBox([newKey, oldKey]);
    expect(Buffer.from(both.open(sealed, 'endpoint-1'))).toEqual(secret);
    expect(() => box.open(both.seal(secret, 'endpoint-1'), 'endpoint-1')).toThrow('SECRETS_KEY');
  });

  it('takes keys of 32 bytes only', () => {
    expect(() => createSecretBox([])).toThrow('32 bytes');
    expect(() => createSecretBox([Buffer.alloc(31)])).toThrow('32 bytes');
  });
});
