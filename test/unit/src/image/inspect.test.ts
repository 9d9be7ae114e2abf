import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { inspect } from './inspect-file.ts';

/** A picture with detail: a flat one compresses to so little that most cuts hit headers. */
const noise = () =>
  sharp({
    create: {
      width: 320,
      height: 240,
      channels: 3,
      background: 'gray',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  });

const integrityOf = async (bytes: Buffer) => (await inspect(bytes))?.integrity;

describe('the integrity of images', () => {
  it.each<[string, () => Promise<Buffer>]>([
    ['a baseline JPEG', () => noise().jpeg().toBuffer()],
    ['a progressive JPEG', () => noise().jpeg({ progressive: true }).toBuffer()],
    ['a grey JPEG', () => noise().grayscale().jpeg().toBuffer()],
    ['a CMYK JPEG', () => noise().toColourspace('cmyk').jpeg().toBuffer()],
    ['a JPEG with EXIF orientation', () => noise().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
    ['a JPEG with restart markers’ worth of detail', () => readFile('assets/rocket.jpg')],
    ['a PNG', () => noise().png().toBuffer()],
    ['a WebP', () => noise().webp().toBuffer()],
    ['a lossless WebP', () => noise().webp({ lossless: true }).toBuffer()],
    ['a GIF', () => noise().gif().toBuffer()],
    ['a TIFF', () => noise().tiff({ compression: 'lzw' }).toBuffer()],
  ])('lets %s pass whole and never cut short', async (_what, make) => {
    const bytes = await make();
    expect(await integrityOf(bytes)).toEqual({ state: 'intact' });
    for (let cut = 1; cut <= 32; cut += 1) {
      const length = Math.floor((bytes.length * cut) / 33);
      const facts = await inspect(bytes.subarray(0, length));
      expect(facts?.integrity.state ?? 'no image', `${length} of ${bytes.length} bytes`).not.toBe('intact');
    }
  });

  it('says "truncated" of a JPEG that lacks its second half, or only its end', async () => {
    const bytes = await readFile('assets/rocket.jpg');
    for (const length of [bytes.length / 2, bytes.length - 500, bytes.length - 2]) {
      expect(await integrityOf(bytes.subarray(0, length))).toEqual({ state: 'damaged', reason: 'truncated' });
    }
  });

  it('lets trailing bytes after the end pass', async () => {
    const bytes = await readFile('assets/rocket.jpg');
    expect(await integrityOf(Buffer.concat([bytes, Buffer.alloc(1000)]))).toEqual({ state: 'intact' });
  });

  it('decodes every frame: a damaged last frame of a GIF is damage', async () => {
    const frames = await Promise.all([1, 2, 3].map(() => noise().raw().toBuffer()));
    const gif = await sharp(Buffer.concat(frames), {
      raw: { width: 320, height: 720, channels: 3, pageHeight: 240 },
    })
      .gif({ delay: [10, 10, 10] })
      .toBuffer();
    expect(await integrityOf(gif)).toEqual({ state: 'intact' });
    expect((await integrityOf(gif.subarray(0, gif.length - 2000)))?.state).toBe('damaged');
  });

  it('survives a thousand flipped bits', async () => {
    const seed = await noise().jpeg({ quality: 40 }).toBuffer();
    let random = 1;
    const next = (below: number) => {
      random = (random * 48_271) % 2_147_483_647;
      return random % below;
    };
    for (let flip = 0; flip < 1000; flip += 1) {
      const bytes = Buffer.from(seed);
      const at = next(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8));
      const facts = await inspect(bytes);
      expect(['intact', 'damaged', 'not_checked', undefined]).toContain(facts?.integrity.state);
    }
  }, 30_000);
});

describe('the facts of images', () => {
  it('are those of the file', async () => {
    expect(await inspect('assets/rocket.jpg')).toEqual({
      format: 'JPEG',
      width: 640,
      height: 427,
      bytes: 112_525,
      sha256: 'c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c',
      integrity: { state: 'intact' },
      frames: 1,
      animated: false,
      displayed: { width: 640, height: 427 },
      bitDepth: 8,
      channels: 3,
      colourSpace: 'ycbcr',
      hasAlpha: false,
      progressive: false,
      trailingBytes: 0,
      iccState: 'valid',
      notes: [],
    });
  });

  it('keep the stored dimensions, before EXIF orientation', async () => {
    const bytes = await noise().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await inspect(bytes)).toMatchObject({ width: 320, height: 240 });
  });

  it('keep format and dimensions of a damaged picture', async () => {
    const bytes = (await readFile('assets/retina.jpg')).subarray(0, 100_000);
    expect(await inspect(bytes)).toMatchObject({
      format: 'JPEG',
      width: 1411,
      height: 1411,
      integrity: { state: 'damaged' },
    });
  });

  it('tell a bomb by its header, at once, and decode nothing', async () => {
    const png = await noise().png().toBuffer();
    png.writeUInt32BE(2 ** 31 - 1, 16);
    png.writeUInt32BE(2 ** 31 - 1, 20);
    const jpeg = await noise().jpeg().toBuffer();
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg.writeUInt16BE(65_535, frame + 5);
    jpeg.writeUInt16BE(65_535, frame + 7);
    for (const [bytes, side] of [
      [png, 2 ** 31 - 1],
      [jpeg, 65_535],
    ] as const) {
      const begin = performance.now();
      expect(await inspect(bytes)).toMatchObject({
        width: side,
        height: side,
        integrity: { state: 'not_checked' },
      });
      expect(performance.now() - begin).toBeLessThan(1_000);
    }
  });

  it('do not decode above 50 megapixels', async () => {
    const bytes = await sharp({
      create: { width: 7100, height: 7100, channels: 3, background: 'red' },
      limitInputPixels: false,
    })
      .png()
      .toBuffer();
    expect(await inspect(bytes)).toMatchObject({
      width: 7100,
      height: 7100,
      integrity: { state: 'not_checked' },
    });
  });
});
