import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import type { RuleName } from '../../../src/domain/checks/index.ts';
import type { Pixels } from '../../../src/image/measures/pixels.ts';
import { CHECK_EXAMPLES } from '../images/check-examples.ts';
import type { Scored } from './audit.ts';
import { paint, SCENES } from './scenes.ts';

/** The rules whose scores docs/checks.md shows for examples, and CleanVision's names of them. */
export const SCORED_EXAMPLES = {
  aspectRatio: 'odd_aspect_ratio',
  dark: 'dark',
  light: 'light',
  information: 'low_information',
  blur: 'blurry',
} as const satisfies Partial<Record<RuleName, Scored>>;
export type ScoredExample = keyof typeof SCORED_EXAMPLES;

export interface Picture {
  readonly name: string;
  readonly bytes: Buffer;
}

const SIZES = [
  [1, 1],
  [2, 3],
  [3, 3],
  [5, 1],
  [1, 40],
  [31, 33],
  [32, 32],
  [33, 64],
  [64, 64],
  [65, 66],
  [63, 130],
  [100, 7],
  [320, 240],
  [333, 217],
  [641, 479],
] as const;

/** Without loss, or decoded alike by every libjpeg. */
const KINDS = [
  { channels: 3, encode: (picture: Sharp) => picture.png(), end: 'png' },
  { channels: 1, encode: (picture: Sharp) => picture.toColourspace('b-w').png(), end: 'png' },
  { channels: 4, encode: (picture: Sharp) => picture.png(), end: 'png' },
  { channels: 3, encode: (picture: Sharp) => picture.jpeg({ quality: 80 }), end: 'jpg' },
  { channels: 3, encode: (picture: Sharp) => picture.webp({ lossless: true, effort: 0 }), end: 'webp' },
  { channels: 1, encode: (picture: Sharp) => picture.toColourspace('b-w').jpeg(), end: 'jpg' },
  {
    channels: 3,
    encode: (picture: Sharp) => picture.jpeg({ chromaSubsampling: '4:4:4', progressive: true }),
    end: 'jpeg',
  },
  {
    channels: 4,
    encode: (picture: Sharp) => picture.webp({ lossless: true, exact: true, effort: 0 }),
    end: 'webp',
  },
] as const;

const ASSETS = ['astronaut.png', 'chelsea.png', 'hubble_deep_field.jpg', 'retina.jpg', 'rocket.jpg'];

/** Files of this repository, and pictures painted in whole numbers and stored without loss. Every machine gives the same scores. */
export const TABLED =
  /^(?:(?:noise|disc|hills|page|across|light)-(?:1x1|5x1|31x33|63x130|65x66|100x7|333x217)\.(?:png|webp)|chelsea\.png|rocket\.jpg)$/;

/** Makes the pictures whose names match, to compare two programs. They are the same in each run. */
export async function makeGallery(only = /^/): Promise<Picture[]> {
  const recipes = [
    ...painted(),
    ...ASSETS.map((name) => ofFile(name, `assets/${name}`)),
    ...readdirSync(PNGSUITE)
      .filter(isPlain)
      .map((name) => ofFile(name, `${PNGSUITE}/${name}`)),
    ...variants(),
    ...examples(),
  ].filter(({ name }) => only.test(name));
  return Promise.all(recipes.map(async ({ name, make }) => ({ name, bytes: await make() })));
}

interface Recipe {
  readonly name: string;
  readonly make: () => Promise<Buffer>;
}

/** Each scene in each size. The kinds take turns. */
function painted(): Recipe[] {
  return Object.keys(SCENES).flatMap((scene, row) =>
    SIZES.map(([width, height], column) => {
      const { channels, encode, end } = KINDS[(row * 3 + column) % KINDS.length] ?? KINDS[0];
      const make = () => encode(toSharp(paint(scene, width, height, channels))).toBuffer();
      return { name: `${scene}-${width}x${height}.${end}`, make };
    }),
  );
}

/** The name of an example in the gallery. All are JPEGs but one, and readers go by the content. */
export function nameOfExample(rule: ScoredExample, which: 'passing' | 'failing'): string {
  return `example-${rule}-${which}.${rule === 'information' && which === 'failing' ? 'png' : 'jpg'}`;
}

function examples(): Recipe[] {
  return (Object.keys(SCORED_EXAMPLES) as ScoredExample[]).flatMap((rule) =>
    (['passing', 'failing'] as const).map((which) => ({
      name: nameOfExample(rule, which),
      make: CHECK_EXAMPLES[rule][which],
    })),
  );
}

/** Copies under other names and in other formats, and pictures that only look alike: darker, blurred, smaller, encoded again. */
function variants(): Recipe[] {
  const rocket = sharp('assets/rocket.jpg');
  const cat = sharp('assets/chelsea.png');
  return [
    ofFile('same-rocket.jpg', 'assets/rocket.jpg'),
    ofSharp('rocket-as-png.png', () => rocket.clone().png()),
    ofSharp('rocket-as-webp.webp', () => rocket.clone().webp({ lossless: true, effort: 0 })),
    ofSharp('cat-as-png.png', () => cat.clone().png({ compressionLevel: 1 })),
    ofSharp('cat-half.png', () => cat.clone().resize({ width: 225 }).png()),
    ofSharp('cat-jpeg-90.jpg', () => cat.clone().jpeg({ quality: 90 })),
    ofSharp('cat-jpeg-20.jpg', () => cat.clone().jpeg({ quality: 20 })),
    ofSharp('cat-turned.png', () => cat.clone().rotate(90).png()),
    ofSharp('cat-lossy.webp', () => cat.clone().webp({ quality: 60 })),
    ofSharp('cat-grey.png', () => cat.clone().toColourspace('b-w').png()),
    ofSharp('cat-grey-copy.png', () => cat.clone().toColourspace('b-w').png({ compressionLevel: 1 })),
    ...[2, 5, 12].map((sigma) => ofSharp(`cat-blurred-${sigma}.png`, () => cat.clone().blur(sigma).png())),
    ...[0.1, 0.3].map((by) => ofSharp(`cat-dark-${by}.png`, () => cat.clone().linear(by, 0).png())),
    ofSharp('cat-light.png', () => cat.clone().linear(0.05, 242).png()),
    ...([3, 4] as const).map((channels) =>
      ofSharp(`hills-large-${channels}.png`, () =>
        toSharp(paint('hills', 2400, 1601, channels)).png({ compressionLevel: 1 }),
      ),
    ),
    // Longer than the kernel computes weights for at once.
    ...(
      [
        [400_000, 2],
        [2, 400_000],
      ] as const
    ).map(([width, height]) =>
      ofSharp(`hills-${width}x${height}.png`, () => toSharp(paint('hills', width, height, 3)).png()),
    ),
    ofSharp('noise-large.jpg', () => toSharp(paint('noise', 2000, 3000, 3)).jpeg()),
  ];
}

function ofSharp(name: string, draw: () => Sharp): Recipe {
  return { name, make: () => draw().toBuffer() };
}

function ofFile(name: string, path: string): Recipe {
  return { name, make: () => readFile(path) };
}

const PNGSUITE = 'test/support/pngsuite';

/** RGB, RGBA and grey of 8 bits, without a transparent colour. CleanVision reads these as they are shown. */
function isPlain(name: string): boolean {
  return /^(?!x|t[bm]).*(?:0g|2c|6a)08\.png$/.test(name);
}

function toSharp({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}
