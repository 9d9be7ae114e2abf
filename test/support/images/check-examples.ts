import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import type { Earlier, ImageFacts } from '../../../src/domain/image-facts.ts';
import type { RuleName } from '../../../src/domain/checks/index.ts';

/** A picture that passes a rule and one that fails it. docs/checks.md shows them, and a test checks them. */
export interface CheckExample {
  /** As a policy gives it. */
  readonly rule: object;
  readonly passing: () => Promise<Buffer>;
  readonly failing: () => Promise<Buffer>;
  /** Describes the pictures to people who do not see them. */
  readonly alt: string;
  /** What to write below them. */
  readonly labels: readonly [passing: string, failing: string];
  /** The value that the check looks at, in a few words. Only a check that finds a `score` below its `threshold` may lack it. */
  readonly value?: (facts: ImageFacts) => string;
  /** What the failing picture would look like, if nothing here can decode it. */
  readonly failingLooksLike?: () => Promise<Buffer>;
  /** The value can't be seen, so it is written into the pictures. */
  readonly isInvisible?: true;
  /** The earlier asset that it is compared with. `sizes` are those of all earlier assets. */
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
const tiff = async (of: Promise<Sharp>) => (await of).tiff({ compression: 'lzw' }).toBuffer();

/** A TIFF whose field of compression says JBIG instead of LZW. */
function asJbig(bytes: Buffer): Buffer {
  const [field, jbig] = [Buffer.from('0301030001000000', 'hex'), 34_661];
  bytes.writeUInt16LE(jbig, bytes.indexOf(field) + field.length);
  return bytes;
}

export const CHECK_EXAMPLES: Record<RuleName, CheckExample> = {
  formats: {
    rule: { allow: ['JPEG'] },
    value: ({ format }) => format,
    passing: () => jpeg(cat()),
    failing: async () => (await cat()).png().toBuffer(),
    isInvisible: true,
    alt: 'A cat as a JPEG, which passes, and as a PNG, which fails; they look the same.',
    labels: ['JPEG', 'PNG'],
  },
  maxDimensions: {
    rule: { width: 320, height: 320 },
    value: ({ width, height }) => `${width} × ${height} px`,
    passing: () => jpeg(cat()),
    failing: async () => (await cat()).resize(480, 360).jpeg().toBuffer(),
    alt: 'A cat at 320 × 240 px, which passes, and at 480 × 360 px, which fails.',
    labels: ['320 × 240', '480 × 360'],
  },
  minDimensions: {
    rule: { width: 200, height: 200 },
    value: ({ width, height }) => `${width} × ${height} px`,
    passing: () => jpeg(cat()),
    failing: async () => (await cat()).resize(80, 60).jpeg().toBuffer(),
    alt: 'A cat at 320 × 240 px, which passes, and as a small picture of 80 × 60 px, which fails.',
    labels: ['320 × 240', '80 × 60'],
  },
  bytes: {
    rule: { min: 4_000 },
    value: ({ bytes }) => `${bytes} bytes`,
    passing: () => jpeg(woman()),
    failing: () => jpeg(woman(), 3),
    alt: 'A woman in a space suit in good quality, which passes, and compressed to coarse blocks, which fails.',
    labels: ['quality 90', 'quality 3'],
  },
  colourSpaces: {
    rule: { allow: ['ycbcr'] },
    value: ({ colourSpace = '' }) => colourSpace,
    passing: () => jpeg(woman()),
    failing: async () => (await woman()).toColourspace('cmyk').jpeg().toBuffer(),
    isInvisible: true,
    alt: 'A woman in a space suit in YCbCr, which passes, and in CMYK, which fails; they look much the same.',
    labels: ['YCbCr', 'CMYK'],
  },
  alpha: {
    rule: {},
    value: ({ hasAlpha }) => (hasAlpha === true ? 'alpha' : 'no alpha'),
    passing: async () => (await cat()).png().toBuffer(),
    failing: async () => (await cat()).ensureAlpha(0.5).png().toBuffer(),
    alt: 'A cat, which passes, and the same half transparent, which fails.',
    labels: ['opaque', 'half transparent'],
  },
  animation: {
    rule: {},
    value: ({ frames }) => (frames === 1 ? '1 frame' : `${frames} frames`),
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
    isInvisible: true,
    alt: 'A rocket on its pad as one frame, which passes, and as an animation of two, which fails; only the first frame is shown.',
    labels: ['1 frame', '2 frames'],
  },
  structure: {
    rule: { refuse: ['trailing_bytes'] },
    value: ({ notes }) => notes?.map(({ code }) => code).join(', ') || 'no notes',
    passing: () => jpeg(rocket()),
    failing: async () => Buffer.concat([await jpeg(rocket()), Buffer.from('PK…')]),
    isInvisible: true,
    alt: 'A rocket on its pad, which passes, and the same with bytes behind its end, which fails; they look the same.',
    labels: ['ends where it ends', 'has bytes behind its end'],
  },
  checked: {
    rule: {},
    value: ({ integrity }) => (integrity.state === 'not_checked' ? integrity.reason : integrity.state),
    passing: () => tiff(woman()),
    failing: async () => asJbig(await tiff(woman())),
    failingLooksLike: () => tiff(woman()),
    isInvisible: true,
    alt: 'A woman in a space suit as a TIFF, which passes, and as a TIFF whose compression has no decoder, which fails; they look the same.',
    labels: ['LZW', 'JBIG'],
  },
  aspectRatio: {
    rule: {},
    passing: () => jpeg(rocket()),
    failing: async () => (await rocket()).resize(SIDE, 80, { fit: 'cover' }).jpeg().toBuffer(),
    alt: 'A rocket on its pad in 4:3, which passes, and cut to a strip four times as wide as high, which fails.',
    labels: ['0.75', '0.25'],
  },
  grayscale: {
    rule: {},
    value: ({ colourSpace = '' }) => colourSpace,
    passing: () => jpeg(cat()),
    failing: async () => (await cat()).toColourspace('b-w').jpeg().toBuffer(),
    alt: 'A cat in colours, which passes, and in grey, which fails.',
    labels: ['colours', 'grey'],
  },
  dark: {
    rule: {},
    passing: () => jpeg(rocket()),
    failing: async () => (await rocket()).linear(0.25, 0).jpeg().toBuffer(),
    alt: 'A rocket on its pad at dusk, lights shining, which passes, and with a quarter of the light, nearly black, which fails.',
    labels: ['as taken', 'a quarter of the light'],
  },
  light: {
    rule: {},
    passing: () => jpeg(woman()),
    failing: async () => (await woman()).linear(0.1, 245).jpeg().toBuffer(),
    alt: 'A woman in a space suit, which passes, and washed out to nearly white, which fails.',
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
    alt: 'A woman in a space suit, which passes, and a light square on a plain blue ground, which fails.',
    labels: ['a portrait', 'two colours'],
  },
  blur: {
    rule: {},
    passing: () => jpeg(rocket()),
    failing: async () => (await rocket()).blur(8).jpeg().toBuffer(),
    alt: 'A rocket on its pad, sharp, which passes, and out of focus, which fails.',
    labels: ['sharp', 'blurred (σ = 8 px)'],
  },
  size: {
    rule: {},
    passing: () => jpeg(rocket()),
    failing: async () => (await rocket()).resize(32, 24).jpeg().toBuffer(),
    alt: 'A rocket on its pad, as large as the pictures before it, which passes, and ten times smaller, which fails.',
    labels: ['as large as others', 'much smaller'],
    earlier: { sizes: { q1: 260, q3: 300, count: 40 } },
  },
  exactDuplicates: {
    rule: {},
    value: ({ earlier }) => (earlier?.exact === null ? 'other pixels' : 'the same pixels'),
    passing: async () => (await woman()).png().toBuffer(),
    failing: async () => (await cat()).webp({ lossless: true }).toBuffer(),
    alt: 'An earlier picture of a cat; a woman in a space suit, which passes; the very same picture of the cat, which fails.',
    labels: ['another picture', 'the same pixels, as WebP'],
    earlier: { picture: async () => (await cat()).png().toBuffer() },
  },
  nearDuplicates: {
    rule: { maxDistance: 4 },
    value: ({ earlier }) => `${earlier?.near[0]?.distance} bits differ`,
    passing: () => jpeg(woman()),
    failing: async () => (await cat()).modulate({ brightness: 1.1 }).jpeg({ quality: 40 }).toBuffer(),
    alt: 'An earlier picture of a cat; a woman in a space suit, which passes; the picture of the cat, a little brighter, which fails.',
    labels: ['another picture', 'brighter, compressed'],
    earlier: { picture: () => jpeg(cat()) },
  },
};
