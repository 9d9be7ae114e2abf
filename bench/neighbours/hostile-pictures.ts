import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { ODD_FILES } from '../../test/support/images/odd-files.ts';

/** 49 megapixels. */
const SIDE = 7_000;

/** Makes the pictures in `dir`. Returns their paths. */
export async function makeHostilePictures(dir: string): Promise<string[]> {
  const sized = { width: SIDE, height: SIDE, channels: 3 } as const;
  const noise = () =>
    sharp({ create: { ...sized, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 60 } } });
  const made = [
    // A small file of one colour.
    { name: 'flat.png', image: sharp({ create: { ...sized, background: '#345' } }).png() },
    // Seconds of decoding.
    { name: 'noise.jpg', image: noise().jpeg({ progressive: true }) },
    // So slow that its decoder is killed.
    { name: 'noise.avif', image: noise().avif({ effort: 0 }) },
  ];
  for (const { name, image } of made) await image.toFile(join(dir, name));
  const bombs = ODD_FILES.filter(({ name }) => name.startsWith('bomb-'));
  for (const { name, make } of bombs) await writeFile(join(dir, name), await make());
  return [...made, ...bombs].map(({ name }) => join(dir, name));
}
