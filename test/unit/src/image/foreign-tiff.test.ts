import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { noise } from '../../../support/images/image-seeds.ts';
import { long, PIXELS_AT, short, tiffOfFields } from '../../../support/images/tiff-of-fields.ts';
import { inspect } from './inspect-file.ts';

const [WIDTH, HEIGHT] = [64, 16];
const [FAX, LZW, DEFLATE] = [3, 5, 8];
const [COLOURS, STRIP_BYTES] = [262, 279];

interface Strip {
  readonly data: Buffer;
  readonly bits?: number;
  readonly samples?: number;
  readonly compression?: number;
  readonly bytes?: number;
  /** The number of samples that have a depth. */
  readonly depths?: number;
  /** A field that is left out. */
  readonly without?: number;
}

/** A picture in one strip. Several samples are RGB and others, and no field says what the others are. */
function strip(about: Strip): Buffer {
  const { data, bits = 8, samples = 1, compression = 1, without } = about;
  const depths = about.depths ?? samples;
  const value = Buffer.alloc(2 * depths, Buffer.from([bits, 0]));
  const fields = [
    long(256, WIDTH),
    long(257, HEIGHT),
    { tag: 258, type: 3, count: depths, value },
    short(259, compression),
    short(COLOURS, samples > 1 ? 2 : 1),
    long(273, PIXELS_AT),
    short(277, samples),
    long(278, HEIGHT),
    long(STRIP_BYTES, about.bytes ?? data.length),
  ];
  return tiffOfFields(
    fields.filter(({ tag }) => tag !== without),
    data,
  );
}

const samples = (count: number) => Buffer.alloc(WIDTH * HEIGHT * count, Buffer.from([3, 99, 200, 41, 17]));

/** A white row in the codes of a fax: 64 pixels, then 0. No code ends a row (TIFF 6.0, section 11). */
const WHITE_ROW = '1101100110101';

function faxRows(...rows: readonly string[]): Buffer {
  const bits = rows.join('');
  return Buffer.from(bits.match(/.{1,8}/g)?.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)) ?? []);
}

/** LZW as programs wrote it before TIFF 6: the first code is in the lowest bits. The table never grows beyond nine bits. */
function oldLzw(data: Buffer): Buffer {
  const [CLEAR, END] = [256, 257];
  const codes = [...data].flatMap((byte, at) => (at % 200 === 0 ? [CLEAR, byte] : [byte]));
  const packed = Buffer.alloc(Math.ceil(((codes.length + 1) * 9) / 8) + 1);
  for (const [index, code] of [...codes, END].entries()) {
    const at = (index * 9) >> 3;
    packed.writeUInt16LE(packed.readUInt16LE(at) | (code << ((index * 9) & 7)), at);
  }
  return packed;
}

const tiles = (size: number) => ({ tile: true, tileWidth: size, tileHeight: size });

const FOREIGN: Record<string, () => Buffer | Promise<Buffer>> = {
  'four samples, of which only three have a meaning': () => strip({ data: samples(4), samples: 4 }),
  'five samples, of which only three have a meaning': () => strip({ data: samples(5), samples: 5 }),
  'compressed pixels of no stated length': () =>
    strip({ data: deflateSync(samples(1)), compression: DEFLATE, bytes: 0 }),
  'three samples and the depths of four': () => strip({ data: samples(3), samples: 3, depths: 4 }),
  'pixels of no stated length': () => strip({ data: samples(1), without: STRIP_BYTES }),
  'LZW codes in the order of TIFF 5': () => strip({ data: oldLzw(samples(1)), compression: LZW }),
  'fax rows without codes that end them': () =>
    strip({ data: faxRows(...Array<string>(HEIGHT).fill(WHITE_ROW)), bits: 1, compression: FAX }),
  'JPEG tiles of RGB and alpha': async () => {
    const bytes = await noise()
      .toColourspace('cmyk')
      .tiff({ compression: 'jpeg', ...tiles(16) })
      .toBuffer();
    const CMYK = Buffer.from([6, 1, 3, 0, 1, 0, 0, 0, 5, 0]);
    bytes.writeUInt16LE(2, bytes.indexOf(CMYK) + 8);
    return bytes;
  },
  'one tile much larger than the picture': () =>
    noise(WIDTH, HEIGHT)
      .tiff({ compression: 'deflate', ...tiles(512) })
      .toBuffer(),
  'seven samples': () =>
    noise(WIDTH, HEIGHT)
      .joinChannel([samples(4)], { raw: { width: WIDTH, height: HEIGHT, channels: 4 } })
      .tiff({ compression: 'lzw' })
      .toBuffer(),
};

/** The same kinds, with pixels that are lost. */
const DAMAGED: Record<string, () => Buffer | Promise<Buffer>> = {
  'four samples, and too few of them': () => strip({ data: samples(3), samples: 4 }),
  'compressed pixels of no stated length, and half of them': () =>
    strip({ data: deflateSync(samples(1)).subarray(0, -12), compression: DEFLATE, bytes: 0 }),
  'fax rows, and one with a code that is none': () =>
    strip({
      data: faxRows(...Array<string>(HEIGHT - 1).fill(WHITE_ROW), '0'.repeat(40)),
      bits: 1,
      compression: FAX,
    }),
  'fax rows, and the last is missing': () =>
    strip({ data: faxRows(...Array<string>(HEIGHT - 2).fill(WHITE_ROW)), bits: 1, compression: FAX }),
  'pixels of no stated length, and half of them': () =>
    strip({ data: samples(1).subarray(0, 500), without: STRIP_BYTES }),
  'LZW codes in the order of TIFF 5, and half of them': () =>
    strip({ data: oldLzw(samples(1)).subarray(0, 500), compression: LZW }),
  'one large tile, and its codes are wrong': async () => {
    const bytes = await noise(WIDTH, HEIGHT)
      .tiff({ compression: 'deflate', ...tiles(512) })
      .toBuffer();
    return bytes.fill(0xff, 300, 340);
  },
};

describe('a TIFF as other programs write it', () => {
  it.each(Object.entries(FOREIGN))('passes: %s', async (_what, make) => {
    const facts = await inspect(await make());
    expect(facts?.integrity).toEqual({ state: 'intact' });
    const codes = facts?.notes?.map(({ code }) => code) ?? [];
    expect(codes.filter((code) => code !== 'tiff_samples_unexplained')).toEqual([]);
  });

  it.each(Object.entries(DAMAGED))('is damaged: %s', async (_what, make) => {
    expect((await inspect(await make()))?.integrity).toMatchObject({ state: 'damaged' });
  });

  it('is not decoded without a field that names its colours', async () => {
    expect((await inspect(strip({ data: samples(1), without: COLOURS })))?.integrity).toEqual({
      state: 'not_checked',
      reason: 'no decoder for colours without a name',
    });
  });
});
