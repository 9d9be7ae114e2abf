import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeBmp, decodeIcon } from '../../../../src/image/decode-bitmaps.ts';
import type { Pixels } from '../../../../src/image/measures/pixels.ts';
import {
  bmpOf,
  headerOf,
  icoOf,
  iconBitmap,
  indexAt,
  samplesOf,
  SIZE,
} from '../../../support/images/bitmaps.ts';
import { expectProcessorTimeWithin, processorMs } from '../../../support/machine-pace.ts';
import { inspect } from './inspect-file.ts';

const KINDS = [
  ...[1, 2, 4, 8, 16, 24, 32].flatMap((bits) => [{ bits }, { bits, isTopDown: true }]),
  ...[1, 4, 8, 24].map((bits) => ({ bits, headerBytes: 12 as const })),
  { bits: 16, compression: 3, masks: [0xf800, 0x7e0, 0x1f] },
  { bits: 32, compression: 3, masks: [0x3ff00000, 0xffc00, 0x3ff] },
  { bits: 32, compression: 3, masks: [0xff, 0xff00, 0xff0000], headerBytes: 108 as const },
];

/** The pixels as RGB. */
function rgbOf({ data, channels }: Pixels): Buffer {
  const rgb: number[] = [];
  for (let at = 0; at < data.length; at += channels)
    for (let channel = 0; channel < 3; channel += 1)
      rgb.push(data[at + (channels === 1 ? 0 : channel)] as number);
  return Buffer.from(rgb);
}

function pixelsOf(bytes: Buffer): Pixels {
  const outcome = decodeBmp(bytes);
  if ('state' in outcome) throw new Error(JSON.stringify(outcome));
  return outcome;
}

/** The picture of eight colours in run lengths: a pair of indices at a time, or all one by one. */
function runLengths(bits: 4 | 8): Buffer {
  const codes: number[] = [];
  for (let row = 0; row < SIZE.height; row += 1) {
    const indices = Array.from({ length: SIZE.width }, (_, x) => indexAt(x, SIZE.height - 1 - row));
    if (row % 2 === 0) for (const index of indices) codes.push(1, bits === 4 ? index << 4 : index);
    else {
      const bytes = bits === 8 ? indices : [];
      for (let x = 0; bits === 4 && x < SIZE.width; x += 2)
        bytes.push(((indices[x] ?? 0) << 4) | (indices[x + 1] ?? 0));
      codes.push(0, SIZE.width, ...bytes, ...(bytes.length % 2 === 1 ? [0] : []));
    }
    codes.push(0, row === SIZE.height - 1 ? 1 : 0);
  }
  return Buffer.from(codes);
}

describe('a BMP', () => {
  it.each(KINDS)('has the colours of its picture: %o', (kind) => {
    const pixels = pixelsOf(bmpOf(kind));
    expect(pixels).toMatchObject(SIZE);
    expect(rgbOf(pixels)).toEqual(samplesOf(kind.bits));
  });

  it.each(KINDS)(
    'is damaged without its last byte, and has the measures of a PNG with it: %o',
    async (kind) => {
      const bytes = bmpOf(kind);
      const measures = ['pixelHash', 'entropy'] as const;
      const facts = await inspect(bytes, { measures });
      expect(facts).toMatchObject({ ...SIZE, format: 'BMP', integrity: { state: 'intact' }, notes: [] });
      // Two colours are black and red, so no picture is grey.
      const raw = sharp(samplesOf(kind.bits), { raw: { ...SIZE, channels: 3 } });
      expect(facts?.measures).toEqual((await inspect(await raw.png().toBuffer(), { measures }))?.measures);
      expect(await inspect(bytes.subarray(0, -1))).toMatchObject({
        integrity: { state: 'damaged', reason: 'truncated' },
        notes: [{ code: 'bmp_data_outside_file' }],
      });
    },
  );

  it.each([4, 8] as const)('has its run lengths followed: %i bits', async (bits) => {
    const data = runLengths(bits);
    const bytes = bmpOf({ bits, compression: bits === 4 ? 2 : 1 }, data);
    expect(rgbOf(pixelsOf(bytes))).toEqual(samplesOf(bits));
    // The last two bytes only say that the picture ends.
    for (let cut = 3; cut < data.length; cut += 1)
      expect(decodeBmp(bytes.subarray(0, -cut)), `${cut} bytes`).toEqual({
        state: 'damaged',
        reason: 'truncated',
      });
    expect(await inspect(bytes)).toMatchObject({ integrity: { state: 'intact' } });
    expect((await inspect(bytes.subarray(0, -3)))?.notes).toMatchObject([{ code: 'undecodable' }]);
  });

  it('may leave pixels out, and have runs that are too long', () => {
    const black = [0, 0, 0];
    const codes = [0, 2, 1, 1, 255, 7, ...Array<number>(2 * (SIZE.height - 2)).fill(0), 0, 1];
    const { data } = pixelsOf(bmpOf({ bits: 8, compression: 1 }, Buffer.from(codes)));
    const row = Buffer.from(data.subarray(3 * SIZE.width * 5, 3 * SIZE.width * 6));
    expect([...row]).toEqual([...black, ...Array<number>(3 * 12).fill(255)]);
    expect(data.filter((sample) => sample > 0)).toHaveLength(3 * 12);
  });

  it('is damaged if its codes have lost their rows: a run is too long, and rows are missing', () => {
    const decode = (...codes: number[]) => decodeBmp(bmpOf({ bits: 8, compression: 1 }, Buffer.from(codes)));
    expect(decode(255, 7, 0, 0, 5, 7, 0, 1)).toEqual({ state: 'damaged', reason: 'truncated' });
    // Some encoders fill up a row to an even number, and some leave out the last rows.
    expect(decode(SIZE.width + 1, 7, 0, 0, 5, 7, 0, 1)).toMatchObject(SIZE);
  });

  it('is grey if its colours are, and has an alpha channel if it has a mask for it', async () => {
    const grey = bmpOf({ bits: 1 });
    grey.fill(255, 14 + 40 + 4, 14 + 40 + 7);
    expect(await inspect(grey)).toMatchObject({ colourSpace: 'grey', channels: 1 });
    expect(pixelsOf(grey).channels).toBe(1);
    const alpha = bmpOf({ bits: 16, compression: 3, masks: [0xf00, 0xf0, 0xf, 0xf000], headerBytes: 56 });
    expect(await inspect(alpha)).toMatchObject({ colourSpace: 'rgb', channels: 4, hasAlpha: true });
    expect(pixelsOf(alpha).channels).toBe(4);
  });

  it('is damaged if its header is impossible, and left alone if its compression is unknown', async () => {
    const depth = bmpOf({ bits: 24 });
    depth.writeUInt16LE(7, 28);
    expect(await inspect(depth)).toMatchObject({
      integrity: { state: 'damaged', reason: 'corrupt data' },
      notes: [{ code: 'bmp_header_invalid' }],
    });
    const foreign = bmpOf({ bits: 24, compression: 4 });
    expect((await inspect(foreign))?.notes).toMatchObject([{ code: 'bmp_header_invalid' }]);
    // A JPEG inside has its own depth.
    foreign.writeUInt16LE(0, 28);
    expect(await inspect(foreign)).toMatchObject({
      integrity: { state: 'not_checked', reason: 'no decoder for the compression' },
      notes: [{ code: 'not_decoded' }],
    });
  });
});

describe('an icon', () => {
  const noPng = () => Promise.resolve(null);

  it.each([1, 4, 8, 24, 32])('has the colours and the mask of its bitmap: %i bits', async (bits) => {
    const pixels = (await decodeIcon(icoOf(iconBitmap(bits)), 1_000, noPng)) as Pixels;
    expect(pixels).toMatchObject({ ...SIZE, channels: 4 });
    expect(rgbOf(pixels)).toEqual(samplesOf(bits));
    const alpha = [...pixels.data].filter((_, at) => at % 4 === 3);
    expect(alpha.slice(0, SIZE.width)).toEqual(Array(SIZE.width).fill(bits === 32 ? 255 : 0));
    expect(alpha.slice(SIZE.width).every((sample) => sample === 255)).toBe(true);
  });

  it('shows its largest image, and each image counts', async () => {
    const png = await sharp({ create: { width: 300, height: 280, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
    const whole = icoOf(iconBitmap(24), png, iconBitmap(8));
    expect(await inspect(whole)).toMatchObject({
      format: 'ICO',
      width: 300,
      height: 280,
      frames: 3,
      integrity: { state: 'intact' },
      notes: [],
    });
    expect((await inspect(whole.subarray(0, -1)))?.integrity).toEqual({
      state: 'damaged',
      reason: 'truncated',
    });
    const wrong = Buffer.from(whole);
    wrong.writeUInt8(9, wrong.indexOf('IDAT') + 20);
    expect((await inspect(wrong))?.integrity.state).toBe('damaged');
  });

  it.each([1, 4, 8, 24, 32])('tells the colours of its bitmap: %i bits', async (bits) => {
    expect(await inspect(icoOf(iconBitmap(bits)))).toMatchObject({
      colourSpace: bits > 8 ? 'rgb' : 'palette',
      hasAlpha: true,
    });
  });

  it('tells the colours of the image that readers show', async () => {
    const png = sharp({ create: { width: 300, height: 280, channels: 3, background: 'teal' } });
    const [rgb, grey] = [await png.png().toBuffer(), await png.toColourspace('b-w').png().toBuffer()];
    expect(await inspect(icoOf(iconBitmap(8), rgb))).toMatchObject({ colourSpace: 'rgb', hasAlpha: false });
    expect(await inspect(icoOf(grey, iconBitmap(24)))).toMatchObject({ colourSpace: 'grey' });
  });

  it('takes no time for images that lie over each other', async () => {
    const many = icoOf(...Array<Buffer>(1_000).fill(Buffer.alloc(0)), iconBitmap(24));
    const header = headerOf({ bits: 24 }, 2 * 7_000);
    header.writeInt32LE(7_000, 4);
    const file = Buffer.concat([many.subarray(0, 6 + 16 * 1_001), header, Buffer.alloc(8 * 2 ** 20)]);
    for (let image = 0; image < 1_001; image += 1) file.writeUInt32LE(6 + 16 * 1_001, 6 + 16 * image + 12);
    const begin = processorMs();
    expect(await decodeIcon(file, 50_000_000, noPng)).toBeNull();
    expectProcessorTimeWithin(processorMs() - begin, 1_000);
  });
});
