import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { noise } from '../../../support/image-seeds.ts';
import { inspect } from './inspect-file.ts';

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
    expect(await inspect(bytes)).toMatchObject({ width: 160, height: 120 });
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
