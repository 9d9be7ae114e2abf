import type { Measures } from '../../../src/domain/image-facts.ts';
import { aspectRatio, aspectRatioScore } from '../../../src/domain/checks/aspect-ratio.ts';
import { blur, blurScore } from '../../../src/domain/checks/blur.ts';
import { dark, darkScore } from '../../../src/domain/checks/dark.ts';
import { information, informationScore } from '../../../src/domain/checks/information.ts';
import { light, lightScore } from '../../../src/domain/checks/light.ts';
import { size, sizeOf, sizeScore } from '../../../src/domain/checks/size.ts';
import { MEASURES } from '../../../src/domain/measures.ts';
import { createDecode } from '../../../src/image/decode.ts';
import { startInspection } from '../../../src/image/inspect.ts';
import type { Audit, Scores } from './audit.ts';
import type { Picture } from './gallery.ts';

/** A picture's measures, and the other facts that its scores come from. */
interface Appraised {
  readonly name: string;
  readonly measures: Required<Measures>;
  readonly width: number;
  readonly height: number;
  readonly isGrey: boolean;
}

/** Does in this process what a decoder process does with a file. */
export async function appraise({ name, bytes }: Picture): Promise<Appraised> {
  const facts = await startInspection(bytes.length, bytes, MEASURES, createDecode())?.finish({
    onHeader: () => undefined,
    onWork: () => undefined,
  });
  if (facts?.measures === undefined) throw new Error(`${name} is not measured`);
  const { width, height, colourSpace } = facts;
  if (width === null || height === null) throw new Error(`${name} has no size`);
  return {
    name,
    measures: facts.measures as Required<Measures>,
    width,
    height,
    isGrey: colourSpace === 'grey',
  };
}

/** Our scores and sets, in the words of CleanVision, with the thresholds that our checks have by default. */
export function judge(pictures: readonly Appraised[]): Pick<Audit, 'files' | 'sets'> {
  const sizes = pictures.map(sizeOf).toSorted((a, b) => a - b);
  const quartiles = { q1: quantile(sizes, 0.25), q3: quantile(sizes, 0.75) };
  const files = pictures.map((picture) => [picture.name, scoresOf(picture, quartiles)] as const);
  const exact = setsOf(pictures, ({ measures }) => measures.pixelHash);
  const isExact = new Set(exact.map(String));
  const near = setsOf(pictures, ({ measures }) => measures.perceptualHash).filter(
    (set) => !isExact.has(String(set)),
  );
  return { files: Object.fromEntries(files), sets: { exact_duplicates: exact, near_duplicates: near } };
}

function scoresOf(picture: Appraised, quartiles: { q1: number; q3: number }): Scores {
  const { measures, isGrey } = picture;
  const below = (score: number, threshold: number) => ({ score, found: score < threshold });
  const blurDefaults = {
    threshold: defaultOf(blur.settings.threshold),
    colour: defaultOf(blur.settings.colourThreshold),
  };
  const odd = sizeScore(sizeOf(picture), quartiles, defaultOf(size.settings.iqrFactor));
  return {
    dark: below(darkScore(measures.brightness), defaultOf(dark.settings.threshold)),
    light: below(lightScore(measures.brightness), defaultOf(light.settings.threshold)),
    odd_aspect_ratio: below(aspectRatioScore(picture), defaultOf(aspectRatio.settings.threshold)),
    low_information: below(informationScore(measures.entropy), defaultOf(information.settings.threshold)),
    blurry: below(blurScore(measures.blur, blurDefaults.colour), blurDefaults.threshold),
    grayscale: { score: isGrey ? 0 : 1, found: isGrey },
    odd_size: below(odd.score, odd.threshold),
    phash: measures.perceptualHash,
  };
}

function defaultOf(setting: { parse(value: undefined): number }): number {
  return setting.parse(undefined);
}

/** Linear between neighbours, as `numpy.percentile`. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const [below = 0, above = below] = sorted.slice(Math.floor(place), Math.floor(place) + 2);
  return below + (above - below) * (place - Math.floor(place));
}

function setsOf(pictures: readonly Appraised[], keyOf: (picture: Appraised) => string): string[][] {
  const sets = Map.groupBy(pictures, keyOf).values();
  return [...sets]
    .filter((set) => set.length > 1)
    .map((set) => set.map(({ name }) => name).toSorted(byCodeUnits))
    .toSorted((a, b) => byCodeUnits(String(a), String(b)));
}

/** As Python sorts them. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
