import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readStructure } from '../../../../src/image/structure.ts';
import { chunk, greyPng, header, pixels, png } from '../../../support/images/odd-files/png-parts.ts';

const MiB = 1024 * 1024;
const codesOf = (...before: Buffer[]) => readStructure('PNG', greyPng(before)).notes.map(({ code }) => code);
const deflated = (type: string, start: string, bytes: number) =>
  chunk(type, Buffer.concat([Buffer.from(start, 'latin1'), deflateSync(Buffer.alloc(bytes, 'text '))]));
const zTXt = (bytes: number) => deflated('zTXt', 'a\0\0', bytes);
const iTXt = (bytes: number) => deflated('iTXt', 'a\0\x01\0en\0a\0', bytes);

/** Chunks of a grey PNG of 8 bits with their right lengths. */
const LENGTHS = {
  cHRM: 32,
  cICP: 4,
  cLLI: 8,
  gAMA: 4,
  mDCV: 24,
  pHYs: 9,
  sRGB: 1,
  tIME: 7,
  bKGD: 2,
  sBIT: 1,
  tRNS: 2,
};

describe('metadata of a PNG', () => {
  it.each(Object.entries(LENGTHS))('has a note if it is short or long: %s', (type, length) => {
    for (const bytes of [length, length - 1, length + 1, 0])
      expect(codesOf(chunk(type, Buffer.alloc(bytes, 1))), `${bytes} bytes`).toEqual(
        bytes === length ? [] : ['png_metadata_invalid'],
      );
  });

  it.each([
    ['an unknown intent', chunk('sRGB', '\x04')],
    ['a gamma of 0', chunk('gAMA', '\0\0\0\0')],
    ['an unknown method', chunk('zTXt', 'a\0\x01')],
    ['a histogram without a palette', chunk('hIST', '\0\0')],
  ])('has a note if its value is impossible: %s', (_what, wrong) => {
    expect(codesOf(wrong)).toEqual(['png_metadata_invalid']);
  });

  it('depends on the palette', () => {
    const codes = (type: string, bytes: number) => {
      const parts = [chunk('PLTE', Buffer.alloc(6)), chunk(type, Buffer.alloc(bytes)), chunk('IDAT', pixels)];
      return readStructure('PNG', png(header({ colourType: 3 }), ...parts)).notes.map(({ code }) => code);
    };
    for (const [type, fitting] of Object.entries({ tRNS: [1, 2], hIST: [4], bKGD: [1] }))
      for (const bytes of [0, 1, 2, 3, 4, 5])
        expect(codes(type, bytes), `${type} of ${bytes}`).toEqual(
          fitting.includes(bytes) ? [] : ['png_metadata_invalid'],
        );
  });

  it.each([
    ['zTXt', zTXt],
    ['iTXt', iTXt],
    ['iCCP', (bytes: number) => deflated('iCCP', 'a\0\0', bytes)],
  ])('has a note if it inflates to more than Pillow takes: %s', (_type, make) => {
    const large = (bytes: number) => codesOf(make(bytes)).filter((code) => code !== 'icc_garbage');
    expect(large(MiB)).toEqual([]);
    expect(large(MiB + 1)).toEqual(['png_metadata_large']);
    expect(large(2 * MiB)).toEqual(['png_metadata_large']);
  });

  it('has a note if all texts together are more than Pillow takes', () => {
    const most = Array<Buffer>(64).fill(zTXt(MiB));
    expect(codesOf(...most)).toEqual([]);
    expect(codesOf(...most, chunk('tEXt', 'a'))).toEqual(['png_metadata_large']);
    expect(codesOf(...most, iTXt(2 * 1024))).toEqual(['png_metadata_large']);
  });

  it('has no note if a text does not inflate, because readers take it for an empty one', () => {
    expect(codesOf(chunk('zTXt', 'a\0\0'.padEnd(5_000, 'x')))).toEqual([]);
  });
});
