import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KEY_ENTROPY_BYTES, makeApiKey, parseApiKey } from '../../../../src/domain/api-key.ts';

describe('an API key', () => {
  it('has the form vk_<id>_<secret>_<checksum>, for any random bytes', () => {
    for (const entropy of [
      Buffer.alloc(KEY_ENTROPY_BYTES),
      Buffer.alloc(KEY_ENTROPY_BYTES, 255),
      randomBytes(KEY_ENTROPY_BYTES),
    ]) {
      const { id, hash, text } = makeApiKey(entropy);
      expect(text).toMatch(/^vk_[0-9a-z]{13}_[0-9a-z]{50}_[0-9a-z]{7}$/);
      expect(text.split('_')[1]).toBe(id);
      expect(parseApiKey(text)).toEqual({ id, hash });
    }
  });

  it('is the same text that another implementation makes from the same bytes', () => {
    expect(makeApiKey(Buffer.alloc(KEY_ENTROPY_BYTES, 1)).text).toBe(
      'vk_00jsag8mbvldt_00wfesa7hnndpa75gyfnj79sen6tckcay4346207nduncfp7gh_0405xg4',
    );
  });

  it('is refused with any character changed, missing or added', () => {
    const { text } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
    for (let i = 0; i < text.length; i += 1) {
      const other = text[i] === 'x' ? 'y' : 'x';
      expect(parseApiKey(text.slice(0, i) + other + text.slice(i + 1))).toBeNull();
      expect(parseApiKey(text.slice(0, i) + text.slice(i + 1))).toBeNull();
    }
    for (const wrong of [`${text} `, `x${text}`, `${text}\n`, text.toUpperCase(), '', 'vk___'])
      expect(parseApiKey(wrong)).toBeNull();
  });
});
