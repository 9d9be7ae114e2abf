import { describe, expect, it } from 'vitest';
import { imageFacts } from '../../../../../src/domain/image-facts.ts';
import { parseAnswer } from '../../../../../src/image/decoder/answer.ts';

const FACTS = {
  format: 'TIFF',
  width: 2,
  height: 1,
  bytes: 300,
  sha256: 'a'.repeat(64),
  integrity: { state: 'damaged', reason: 'truncated' },
  notes: [{ code: 'tiff_ifd_loop', severity: 'error', detail: 'directory 2' }],
  measures: { entropy: 7.5, pixelHash: 'b'.repeat(64), perceptualHash: 'c'.repeat(16) },
};

const answerWith = (facts: object) =>
  parseAnswer(JSON.stringify({ type: 'done', facts: { ...FACTS, ...facts }, residentBytes: 1 }));

describe("a decoder's answer", () => {
  it('may hold every fact of the domain except the comparison with other images', () => {
    expect(answerWith({})).toMatchObject({ facts: FACTS });
    expect(imageFacts.parse(FACTS)).toEqual(FACTS);
    const earlier = { exact: null, near: [], sizes: null };
    expect(imageFacts.parse({ ...FACTS, earlier })).toHaveProperty('earlier');
    expect(answerWith({ earlier })).toBeNull();
  });

  it.each<[string, object]>([
    ['a fact that the domain does not have', { camera: 'x' }],
    ['a long reason', { integrity: { state: 'damaged', reason: 'x'.repeat(201) } }],
    ['a long detail', { notes: [{ ...FACTS.notes[0], detail: 'x'.repeat(201) }] }],
    ['a member beside the detail', { notes: [{ ...FACTS.notes[0], more: 1 }] }],
    ['more entropy than any picture can have', { measures: { entropy: 25 } }],
    ['a hash that is none', { measures: { pixelHash: 'x' } }],
    ['a hash of another length', { measures: { perceptualHash: 'c'.repeat(17) } }],
    ['a width below zero', { width: -1 }],
  ])('is refused with %s', (_, facts) => {
    expect(answerWith(facts)).toBeNull();
  });
});
