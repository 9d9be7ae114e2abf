import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import type { RuleName } from '../../src/domain/checks/index.ts';
import type { Earlier } from '../../src/domain/measures.ts';

/** A picture that a rule passes and one that it fails: what docs/checks.md shows, and what a test holds it to. */
export interface CheckExample {
  /** As a policy gives it. */
  readonly rule: object;
  readonly passing: () => Promise<Buffer>;
  readonly failing: () => Promise<Buffer>;
  /** What to write below them. */
  readonly labels: readonly [passing: string, failing: string];
  /** The earlier asset that it is compared with; `sizes` are those of all before. */
  readonly earlier?: { readonly picture?: () => Promise<Buffer>; readonly sizes?: Earlier['sizes'] };
}

const SIDE = 320;

async function picture(name: string): Promise<Sharp> {
  return sharp(await readFile(`assets/${name}`)).resize(SIDE, SIDE * 0.75, { fit: 'cover' });
}
const rocket = () => picture('rocket.jpg');
const cat = () => picture('chelsea.png');
const woman = () => picture('astronaut.png');
const jpeg = async (of: Promise<Sharp>, quality = 90) => (await of).jpeg({ quality }).toBuffer();

export const CHECK_EXAMPLES: Record<RuleName, CheckExample> = {
  formats: {
    rule: { allow: ['JPEG'] },
    passing: () => jpeg(cat()),
    failing: async () => (await cat()).png().toBuffer(),
    labels: ['JPEG', 'PNG'],
  },
  maxDimensions: {
    rule: { width: 320, height: 320 },
    passing: () => jpeg(cat()),
    failing: async () => (await cat()).resize(480, 360).jpeg().toBuffer(),
    labels: ['320 × 240', '480 × 360'],
  },
  minDimensions: {
    rule: { width: 200, height: 200 },
    passing: () => jpeg(cat()),
    failing: async () => (await cat()).resize(80, 60).jpeg().toBuffer(),
    labels: ['320 × 240', '80 × 60'],
  },
  bytes: {
    rule: { min: 4_000 },
    passing: () => jpeg(woman()),
    failing: () => jpeg(woman(), 3),
    labels: ['quality 90', 'quality 3'],
  },
  colourSpaces: {
    rule: { allow: ['ycbcr'] },
    passing: () => jpeg(woman()),
    failing: async () => (await woman()).toColourspace('cmyk').jpeg().toBuffer(),
    labels: ['YCbCr', 'CMYK'],
  },
  alpha: {
    rule: {},
    passing: async () => (await cat()).png().toBuffer(),
    failing: async () => (await cat()).ensureAlpha(0.5).png().toBuffer(),
    labels: ['opaque', 'half transparent'],
  },
  animation: {
    rule: {},
    passing: async () => (await rocket()).gif().toBuffer(),
    failing: async () => {
      const frames = await Promise.all(
        [1, 1.5].map(async (brightness) =>
          (await rocket()).modulate({ brightness }).removeAlpha().raw().toBuffer(),
        ),
      );
      return sharp(Buffer.concat(frames), {
        raw: { width: SIDE, height: SIDE * 1.5, channels: 3, pageHeight: SIDE * 0.75 },
      })
        .gif({ delay: [100, 100] })
        .toBuffer();
    },
    labels: ['1 frame', '2 frames'],
  },
  structure: {
    rule: { refuse: ['trailing_bytes'] },
    passing: () => jpeg(rocket()),
    failing: async () => Buffer.concat([await jpeg(rocket()), Buffer.from('PK…')]),
    labels: ['ends where it ends', 'has bytes behind its end'],
  },
  aspectRatio: {
    rule: {},
    passing: () => jpeg(rocket()),
    failing: async () => (await rocket()).resize(SIDE, 80, { fit: 'cover' }).jpeg().toBuffer(),
    labels: ['0.75', '0.25'],
  },
  grayscale: {
    rule: {},
    passing: () => jpeg(cat()),
    failing: async () => (await cat()).toColourspace('b-w').jpeg().toBuffer(),
    labels: ['colours', 'grey'],
  },
  dark: {
    rule: {},
    passing: () => jpeg(rocket()),
    failing: async () => (await rocket()).linear(0.25, 0).jpeg().toBuffer(),
    labels: ['as taken', 'a quarter of the light'],
  },
  light: {
    rule: {},
    passing: () => jpeg(woman()),
    failing: async () => (await woman()).linear(0.1, 245).jpeg().toBuffer(),
    labels: ['as taken', 'washed out'],
  },
  information: {
    rule: {},
    passing: () => jpeg(woman()),
    failing: () =>
      sharp({ create: { width: SIDE, height: SIDE * 0.75, channels: 3, background: '#4f7cac' } })
        .composite([
          {
            input: { create: { width: 60, height: 60, channels: 3, background: '#e8eef4' } },
            left: 40,
            top: 40,
          },
        ])
        .png()
        .toBuffer(),
    labels: ['a portrait', 'two colours'],
  },
  blur: {
    rule: {},
    passing: () => jpeg(rocket()),
    failing: async () => (await rocket()).blur(8).jpeg().toBuffer(),
    labels: ['sharp', 'blurred (σ = 8 px)'],
  },
  size: {
    rule: {},
    passing: () => jpeg(rocket()),
    failing: async () => (await rocket()).resize(32, 24).jpeg().toBuffer(),
    labels: ['as large as others', 'much smaller'],
    earlier: { sizes: { q1: 260, q3: 300, count: 40 } },
  },
  exactDuplicates: {
    rule: {},
    passing: async () => (await woman()).png().toBuffer(),
    failing: async () => (await cat()).webp({ lossless: true }).toBuffer(),
    labels: ['another picture', 'the same pixels, as WebP'],
    earlier: { picture: async () => (await cat()).png().toBuffer() },
  },
  nearDuplicates: {
    rule: { maxDistance: 4 },
    passing: () => jpeg(woman()),
    failing: async () => (await cat()).modulate({ brightness: 1.1 }).jpeg({ quality: 40 }).toBuffer(),
    labels: ['another picture', 'brighter, compressed'],
    earlier: { picture: () => jpeg(cat()) },
  },
};
