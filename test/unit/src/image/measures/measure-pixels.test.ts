import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Measures } from '../../../../../src/domain/image-facts.ts';
import { MEASURES } from '../../../../../src/domain/measures.ts';
import { measurePixels } from '../../../../../src/image/measures/index.ts';
import type { Pixels } from '../../../../../src/image/measures/pixels.ts';
import { DECODING, readSamples } from '../../../../../src/image/samples.ts';
import { appraise, judge } from '../../../../support/cleanvision/appraise.ts';
import { type Scored, SCORED } from '../../../../support/cleanvision/audit.ts';
import { makeGallery, TABLED } from '../../../../support/cleanvision/gallery.ts';
import { paint } from '../../../../support/cleanvision/scenes.ts';
import { expectProcessorTimeWithin, processorMs } from '../../../../support/machine-pace.ts';
import table from '../../../../support/cleanvision/table.json' with { type: 'json' };

const measureAll = (pixels: Pixels) => measurePixels(pixels, MEASURES) as Required<Measures>;

/** The first frame, as decoders see it. */
async function readPixels(bytes: Buffer): Promise<Pixels> {
  const metadata = await sharp(bytes, DECODING).metadata();
  const { data, info } = await readSamples(bytes, { pages: 1 }, metadata);
  return { data, width: info.width, height: info.height, channels: info.channels };
}

describe('quality measures', () => {
  it('score pictures as CleanVision 0.3.7 did', async () => {
    const pictures = await makeGallery(TABLED);
    expect(pictures.map(({ name }) => name).toSorted()).toEqual(Object.keys(table.files).toSorted());
    const { files } = judge(await Promise.all(pictures.map(appraise)));
    // Sizes are odd among others only.
    const issues = SCORED.filter((issue): issue is Exclude<Scored, 'odd_size'> => issue !== 'odd_size');
    for (const [name, theirs] of Object.entries(table.files)) {
      const ours = files[name];
      for (const issue of issues) {
        expect(Math.abs((ours?.[issue].score ?? NaN) - theirs[issue].score), `${name} ${issue}`).toBeLessThan(
          1e-6,
        );
        expect(ours?.[issue].found, `${name} ${issue}`).toBe(theirs[issue].found);
      }
      expect(ours?.phash, name).toBe(theirs.phash);
    }
  });

  it('are only those that the policy asks for', () => {
    const pixels = paint('noise', 9, 9, 3);
    expect(Object.keys(measurePixels(pixels, new Set(['entropy', 'pixelHash'])))).toEqual([
      'entropy',
      'pixelHash',
    ]);
    expect(measurePixels(pixels, [])).toEqual({});
  });

  it.each([1, 2, 3, 4] as const)('are numbers for one pixel of %i channels', (channels) => {
    const { brightness, entropy, blur } = measureAll({
      data: new Uint8Array(channels).fill(51),
      width: 1,
      height: 1,
      channels,
    });
    expect(brightness.p5).toBeCloseTo(0.2, 12);
    expect(brightness.p99).toBeCloseTo(0.2, 12);
    expect(entropy).toBeCloseTo(Math.log2(channels), 12);
    expect(blur.edges).toBe(0);
    expect(blur.spread).toBeCloseTo(Math.sqrt((1 - 1 / 256) / 256), 12);
  });

  it('do not depend on alpha if they measure light', () => {
    const [opaque, faded] = ([3, 4] as const).map((channels) => measureAll(paint('hills', 60, 40, channels)));
    expect(faded?.brightness).toEqual(opaque?.brightness);
    expect(faded?.perceptualHash).toBe(opaque?.perceptualHash);
  });

  it('give plain pictures of any colour one perceptual hash', () => {
    const plain = (colour: readonly number[]) =>
      measureAll({
        data: Buffer.alloc(64 * 48 * 3, Buffer.from(colour)),
        width: 64,
        height: 48,
        channels: 3,
      });
    const hashes = [
      [255, 255, 255],
      [0, 0, 255],
      [40, 40, 40],
    ].map((colour) => plain(colour).perceptualHash);
    expect(new Set(hashes).size).toBe(1);
  });

  it('are those of the first frame, whatever comes after it', () => {
    const first = paint('noise', 30, 20, 3);
    const two = { ...first, data: Buffer.concat([first.data, paint('light', 30, 20, 3).data]) };
    expect(measureAll(two)).toEqual(measureAll(first));
  });

  it('tell pictures apart that have the same samples in another shape', () => {
    const data = new Uint8Array(48).fill(7);
    const hashes = (
      [
        [4, 4, 3],
        [8, 2, 3],
        [2, 8, 3],
        [6, 8, 1],
        [6, 4, 2],
        [3, 4, 4],
      ] as const
    ).map(([width, height, channels]) => measureAll({ data, width, height, channels }).pixelHash);
    expect(new Set(hashes).size).toBe(hashes.length);
    const shape = Buffer.from('000000040000000400000003', 'hex');
    expect(hashes[0]).toBe(createHash('sha256').update(shape).update(data).digest('hex'));
  });
});

describe('pictures that CleanVision measures by their stored samples', () => {
  const shown = paint('stripes', 90, 60, 3);
  const draw = () => sharp(shown.data, { raw: { width: 90, height: 60, channels: 3 } });
  const grey = paint('down', 40, 90, 1);
  const drawGrey = () => sharp(grey.data, { raw: { width: 40, height: 90, channels: 1 } });

  it.each([
    ['a PNG of 16 bits', () => draw().toColourspace('rgb16').png(), shown],
    ['a grey PNG of 16 bits', () => drawGrey().toColourspace('grey16').png(), grey],
    ['a PNG with a palette', () => draw().png({ palette: true }), shown],
    ['a GIF, with a transparent colour that it does not use', () => draw().gif(), withOpaqueAlpha(shown)],
  ])('are measured by the shown pixels: %s', async (_, encode, expected) => {
    const file = await encode().toBuffer();
    const pixels = await readPixels(file);
    expect(pixels).toMatchObject({
      width: expected.width,
      height: expected.height,
      channels: expected.channels,
    });
    const differences = pixels.data.map((value, i) => Math.abs(value - (expected.data[i] ?? NaN)));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    const [ours, theirs] = [measureAll(pixels), measureAll(expected)];
    expect(Math.abs(ours.brightness.p99 - theirs.brightness.p99)).toBeLessThanOrEqual(1 / 255);
    expect(Math.abs(ours.entropy - theirs.entropy)).toBeLessThan(0.01);
    expect(ours.perceptualHash).toBe(theirs.perceptualHash);
  });
});

function withOpaqueAlpha({ data, width, height }: Pixels): Pixels {
  const both = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i += 1) both.set(data.subarray(i * 3, i * 3 + 3), i * 4);
  return { data: both, width, height, channels: 4 };
}

describe('a picture of 50 megapixels', () => {
  let pixels: Pixels;

  beforeAll(() => {
    const [width, height] = [8660, 5773];
    const data = new Uint8Array(width * height * 3);
    for (let i = 0; i < data.length; i += 1) data[i] = Math.imul(i, 2_654_435_761) >>> 21;
    pixels = { data, width, height, channels: 3 };
  });

  it('is measured within 4 s, and not copied', () => {
    const before = process.resourceUsage().maxRSS;
    const started = processorMs();
    measureAll(pixels);
    expectProcessorTimeWithin(processorMs() - started, 4_000);
    // KiB; the picture has 146,500 of them.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(40_000);
  });
});
