import type { Pixels } from '../../../src/image/measures/pixels.ts';
import { createRandom } from '../images/image-seeds.ts';

type Colour = readonly [red: number, green: number, blue: number];
/** A colour in whole numbers, because they are the same on each machine. */
type Paint = (x: number, y: number, size: { readonly width: number; readonly height: number }) => Colour;

/** Scenes by name. Those with a random part give the same picture in each run. */
export const SCENES: Readonly<Record<string, () => Paint>> = {
  noise: () => shade(createRandom(1), 0, 256),
  dark: () => shade(createRandom(2), 0, 70),
  dim: () => shade(createRandom(3), 20, 64),
  light: () => shade(createRandom(4), 240, 16),
  flat: () => () => [120, 120, 120],
  sepia: () => () => [112, 66, 20],
  across:
    () =>
    (x, _, { width }) =>
      rainbow(Math.floor((x * 255) / width)),
  down:
    () =>
    (_, y, { height }) =>
      grey(Math.floor((y * 255) / height)),
  corner:
    () =>
    (x, y, { width, height }) =>
      grey(Math.floor(((x + y) * 255) / (width + height))),
  chequers: () => (x, y) => grey(((x >> 2) + (y >> 2)) % 2 === 0 ? 30 : 220),
  stripes: () => (x) => (x % 7 < 3 ? [200, 40, 40] : [20, 60, 190]),
  disc: () => (x, y, size) => (isInDisc(x, y, size) ? [250, 240, 10] : [10, 20, 60]),
  page: () => (x, y) => grey(y % 12 < 7 && (x * 31 + (y >> 2) * 17) % 11 < 4 ? 15 : 248),
  hills: () => {
    const next = createRandom(5);
    return (x, y, { height }) => {
      const ridge = height / 2 + ((x * x) % 89) / 4 - ((x >> 3) % 13);
      return y < ridge ? [90, 140 + next(12), 220] : [40 + next(30), 90 + ((y * 5) % 40), 30];
    };
  },
};

function shade(next: (below: number) => number, from: number, range: number): Paint {
  return () => [from + next(range), from + next(range), from + next(range)];
}

function grey(value: number): Colour {
  return [value, value, value];
}

function rainbow(value: number): Colour {
  return [value, (value * 3) % 256, 255 - value];
}

function isInDisc(x: number, y: number, { width, height }: { width: number; height: number }): boolean {
  return (2 * x - width) ** 2 * height ** 2 + (2 * y - height) ** 2 * width ** 2 < (width * height) ** 2 / 2;
}

/** Grey is the green of the scene; alpha fades out to the right, and leaves holes. */
export function paint(name: string, width: number, height: number, channels: 1 | 3 | 4): Pixels {
  const colourAt = SCENES[name]?.();
  if (colourAt === undefined) throw new Error(`There is no scene ${name}`);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, i = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1, i += channels) {
      const colour = colourAt(x, y, { width, height });
      if (channels === 1) data[i] = colour[1];
      else data.set(colour, i);
      if (channels === 4) data[i + 3] = (x + y) % 9 === 0 ? 0 : 255 - Math.floor((x * 200) / width);
    }
  return { data, width, height, channels };
}
