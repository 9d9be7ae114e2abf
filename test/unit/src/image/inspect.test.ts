import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { MEASURES } from '../../../../src/domain/measures.ts';
import { noise } from '../../../support/images/image-seeds.ts';
import { tiffOf } from '../../../support/images/odd-files/tiff-files.ts';
import { inspect } from './inspect-file.ts';
import { expectProcessorTimeWithin, processorMs } from '../../../support/machine-pace.ts';

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

  it('recognise a bomb by its header, at once, and decode nothing', async () => {
    const png = await noise().png().toBuffer();
    png.writeUInt32BE(2 ** 31 - 1, 16);
    png.writeUInt32BE(2 ** 31 - 1, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    const jpeg = await noise().jpeg().toBuffer();
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg.writeUInt16BE(65_535, frame + 5);
    jpeg.writeUInt16BE(65_535, frame + 7);
    for (const [bytes, side, state] of [
      [png, 2 ** 31 - 1, 'not_checked'],
      [jpeg, 65_535, 'damaged'],
    ] as const) {
      const begin = processorMs();
      expect(await inspect(bytes)).toMatchObject({
        width: side,
        height: side,
        integrity: { state },
      });
      expectProcessorTimeWithin(processorMs() - begin, 1_000);
    }
  });
});

describe('the measures of images', () => {
  const SIDE = 64;
  const frames = (...samples: number[]) =>
    sharp(Buffer.concat(samples.map((sample) => Buffer.alloc(SIDE * SIDE * 3, sample))), {
      raw: { width: SIDE, height: SIDE * samples.length, channels: 3, pageHeight: SIDE },
    });
  const encodings: [string, (picture: Sharp) => Sharp][] = [
    ['GIF', (picture) => picture.gif({ delay: [50, 50] })],
    ['WEBP', (picture) => picture.webp({ lossless: true, delay: [50, 50] })],
    ['TIFF', (picture) => picture.tiff({ compression: 'none' })],
  ];

  it.each(encodings)('are those of the first frame alone: %s', async (_, encode) => {
    const [moving, still] = await Promise.all([
      encode(frames(255, 0)).toBuffer(),
      encode(frames(255)).toBuffer(),
    ]);
    const facts = await inspect(moving, { measures: MEASURES });
    expect(facts?.frames).toBe(2);
    expect(facts?.measures).toMatchObject({ brightness: { p5: 1, p99: 1 } });
    expect(facts?.measures).toEqual((await inspect(still, { measures: MEASURES }))?.measures);
  });

  it('have no measures of a colour space that the decoder converts', async () => {
    const lab = await inspect(await tiffOf(8), { measures: MEASURES });
    expect(lab?.integrity.state).toBe('intact');
    expect(lab?.measures).toBeUndefined();
    expect((await inspect(await tiffOf(2), { measures: MEASURES }))?.measures).toBeDefined();
  });

  it('use all channels of the picture', async () => {
    const ramp = Buffer.from(Uint8Array.from({ length: 256 }, (_, at) => at));
    const rgb = Buffer.from(Uint8Array.from({ length: 256 * 3 }, (_, at) => Math.floor(at / 3)));
    const picture = sharp(rgb, { raw: { width: 16, height: 16, channels: 3 } }).joinChannel([ramp, ramp], {
      raw: { width: 16, height: 16, channels: 1 },
    });
    const facts = await inspect(await picture.tiff({ compression: 'none' }).toBuffer(), {
      measures: MEASURES,
    });
    expect(facts?.integrity.state).toBe('intact');
    expect(facts?.measures?.entropy).toBeCloseTo(Math.log2(256 * 5), 9);
  });
});
