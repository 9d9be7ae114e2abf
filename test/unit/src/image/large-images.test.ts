import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { MEASURES } from '../../../../src/domain/measures.ts';
import type { InspectOptions } from '../../../../src/domain/ports/images.ts';
import { createDecode } from '../../../../src/image/decode.ts';
import { createDecoderPool } from '../../../../src/image/decoder/pool.ts';
import { startInspection } from '../../../../src/image/inspect.ts';
import { createRandom, noise, SEEDS } from '../../../support/images/image-seeds.ts';
import { inspectBy } from '../../../support/images/inspect-by.ts';
import { inspect } from './inspect-file.ts';

const MiB = 1024 * 1024;
const REPORTS = 'test/support/images/reports';

/** 200 megapixels. */
const [WIDTH, HEIGHT] = [16_000, 12_500];
const paint = (width = WIDTH, height = HEIGHT): Sharp =>
  sharp({ create: { width, height, channels: 3, background: '#4f7cac' }, limitInputPixels: false });

describe('a large image', () => {
  it.each([
    ['a JPEG of 60 megapixels that is only a header', 'jpeg-60mp-header-only.jpg'],
    ['ten bytes of a GIF of 4,295 megapixels', 'gif-10-bytes-65535.gif'],
  ])('is damaged if its structure proves it: %s', async (_what, name) => {
    expect(await inspect(`${REPORTS}/${name}`)).toMatchObject({
      integrity: { state: 'damaged', reason: 'truncated' },
    });
  });

  it.each([false, true])(
    'is damaged if it is half a photograph of 61 megapixels, progressive: %s',
    async (progressive) => {
      const photograph = noise(99, 66).resize(9504, 6336, { kernel: 'nearest' });
      const bytes = await photograph.jpeg({ progressive }).toBuffer();
      const half = bytes.subarray(0, bytes.length / 2);
      for (const file of [half, Buffer.concat([half, Buffer.from('ffd9', 'hex')])]) {
        expect(await inspect(file)).toMatchObject({
          width: 9504,
          height: 6336,
          integrity: { state: 'damaged', reason: 'truncated' },
        });
      }
    },
  );

  it('is damaged if only its decoder sees it: pixels in the middle, whichever rows are kept', async () => {
    const [png, tiff] = await Promise.all([
      paint(9_000, 6_000).png().toBuffer(),
      noise(90, 60).resize(9_000, 6_000, { kernel: 'nearest' }).tiff({ compression: 'lzw' }).toBuffer(),
    ]);
    spoilPng(png);
    tiff.fill(0xff, tiff.length / 2, tiff.length / 2 + 64);
    for (const file of [png, tiff])
      expect(await inspect(file)).toMatchObject({
        integrity: { state: 'damaged' },
        notes: [{ code: 'undecodable' }],
      });
  });
});

describe('decoding row by row', () => {
  /** Decodes in this process, as a decoder does. */
  async function integrityBy(decode: ReturnType<typeof createDecode>, bytes: Buffer) {
    const inspection = startInspection(bytes.length, bytes, [], decode);
    return (await inspection?.finish({ onHeader: () => undefined, onWork: () => undefined }))?.integrity;
  }

  it.each(Object.entries(SEEDS))(
    'sees the same damage as decoding to memory: %s, whole and with changed bits',
    async (_what, make) => {
      const [byRows, whole] = [createDecode({ ordinaryBytes: 0 }), createDecode()];
      const seed = await make();
      const next = createRandom(11);
      expect(await integrityBy(byRows, seed)).toEqual({ state: 'intact' });
      for (let flip = 0; flip < 60; flip += 1) {
        const bytes = Buffer.from(seed);
        const at = next(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8));
        const what = `a bit of byte ${at}`;
        expect(await integrityBy(byRows, bytes), what).toEqual(await integrityBy(whole, bytes));
      }
    },
  );
});

/** Spoils the zlib stream in the middle of the picture. The checksum of the chunk is right. */
function spoilPng(png: Buffer): void {
  const chunks: { at: number; length: number }[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') chunks.push({ at, length });
    at += 12 + length;
  }
  const { at, length } = chunks[Math.floor(chunks.length / 2)] ?? { at: 0, length: 0 };
  png.fill(0xff, at + 8 + length / 2, at + 8 + length / 2 + 8);
  png.writeUInt32BE(crc32(png.subarray(at + 4, at + 8 + length)), at + 8 + length);
}

describe('the memory of a decoder', () => {
  const pools: ReturnType<typeof createDecoderPool>[] = [];
  afterAll(() => Promise.all(pools.map((pool) => pool.close())));

  /** The most that a decoder of its own had for this picture, in MiB. A decoder that keeps much ends after the picture. */
  async function inspectAlone(source: string | Buffer, options: InspectOptions = {}) {
    const pool = createDecoderPool({ processes: 1, onEnd: () => undefined });
    pools.push(pool);
    let peakMiB = 0;
    const look = () => {
      for (const pid of pool.pids()) peakMiB = Math.max(peakMiB, peakOf(pid));
    };
    const looking = setInterval(look, 10);
    const facts = await inspectBy(pool.inspectImage, source, options);
    clearInterval(looking);
    look();
    return { facts, peakMiB };
  }

  const LARGE: [string, () => Promise<Buffer>, InspectOptions, number][] = [
    ['baseline JPEG', () => paint().jpeg().toBuffer(), {}, 256],
    ['PNG', () => paint().png({ compressionLevel: 1 }).toBuffer(), {}, 256],
    ['progressive JPEG', () => paint().jpeg({ progressive: true }).toBuffer(), {}, 900],
    ['interlaced PNG', () => paint().png({ progressive: true, compressionLevel: 1 }).toBuffer(), {}, 900],
    ['baseline JPEG that is measured', () => paint().jpeg().toBuffer(), { measures: MEASURES }, 900],
  ];

  it.skipIf(process.platform !== 'linux').each(LARGE)(
    'is within its bound for 200 megapixels: a %s',
    async (_what, make, options, boundMiB) => {
      const { facts, peakMiB } = await inspectAlone(await make(), options);
      expect(facts).toMatchObject({
        width: WIDTH,
        height: HEIGHT,
        integrity: { state: 'intact' },
        notes: [],
      });
      if (options.measures !== undefined) expect(facts).toHaveProperty('measures.pixelHash');
      expect(peakMiB).toBeLessThan(boundMiB);
    },
  );

  it.skipIf(process.platform !== 'linux').each([
    ['a photograph of 33 megapixels, measured', () => paint(7_000, 4_700).jpeg().toBuffer(), 1],
    ['a scan of 90 megapixels', () => pages().tiff({ compression: 'lzw' }).toBuffer(), 10],
  ])('is at most 256 MiB for ordinary files: %s', async (_what, make, frames) => {
    const { facts, peakMiB } = await inspectAlone(await make(), { measures: MEASURES });
    expect(facts).toMatchObject({ frames, integrity: { state: 'intact' } });
    expect(facts).toHaveProperty('measures.pixelHash');
    expect(peakMiB).toBeLessThan(256);
  });

  it('decides before decoding: an image that needs too much is not checked, and its decoder lives', async () => {
    const { facts } = await inspectAlone(declaredPng({ width: 14_000, height: 14_000, depth: 16 }));
    expect(facts).toMatchObject({
      integrity: {
        state: 'not_checked',
        reason: expect.stringMatching(/^its decoder needs \d+ MiB$/) as string,
      },
      notes: [{ code: 'too_large_to_decode', severity: 'warning' }],
    });
  });
});

/** MiB. 0 if the process has ended. */
function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Ten pages of 3,000 × 3,000 pixels. */
function pages(): Sharp {
  const [side, count] = [3_000, 10];
  const raw = { width: side, height: side * count, channels: 3, pageHeight: side } as const;
  return sharp(Buffer.alloc(side * side * count * 3, 7), { raw, limitInputPixels: false });
}

/** An interlaced PNG of RGB and alpha with this header. Its pixels are missing, which its structure does not show. */
function declaredPng({ width, height, depth }: { width: number; height: number; depth: number }): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, 6, 0, 0, 1], 8);
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const pixels = Buffer.from('789c010000ffff00000001', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('an image above the bound', () => {
  const pool = createDecoderPool({ processes: 1, maxMegapixels: 1, onEnd: () => undefined });
  afterAll(() => pool.close());

  it('is not decoded, and says so', async () => {
    expect(await inspectBy(pool.inspectImage, 'assets/rocket.jpg')).toMatchObject({
      integrity: { state: 'intact' },
    });
    expect(await inspectBy(pool.inspectImage, 'assets/retina.jpg')).toMatchObject({
      integrity: { state: 'not_checked', reason: 'more than 1 megapixels' },
      notes: [{ code: 'too_large_to_decode', detail: 'more than 1 megapixels' }],
    });
  });

  it('is damaged if its structure proves it', async () => {
    const bytes = readFileSync('assets/retina.jpg');
    const half = await inspectBy(pool.inspectImage, bytes.subarray(0, bytes.length / 2));
    expect(half).toMatchObject({ integrity: { state: 'damaged', reason: 'truncated' } });
    expect(bytes.length).toBeLessThan(MiB);
  });
});
