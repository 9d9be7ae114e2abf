import type { NotificationKey } from '../../src/domain/asset.ts';

/** The verdict of an asset in the words of the contract; `errors` in the order of its keys and messages. */
export interface Expected {
  readonly state: 'complete' | 'failed';
  readonly errors: Readonly<Record<string, readonly string[]>> | null;
}

/** A kind of submission whose verdict is known. */
export interface Case extends Expected {
  readonly path: string;
  readonly sha256?: string;
  /** Share of the submissions, relative to the other cases. */
  readonly weight: number;
  /** Webhook keys that get this text instead of the receiver's URL. */
  readonly unusable?: { readonly [key in NotificationKey]?: string };
}

const dimensions = (size: string) =>
  `Image dimensions must have a width and height smaller than 1000px. The provided image has dimensions of ${size}px.`;
const PNG = 'Assets must be a JPEG, the provided image is a PNG';
const ROCKET_SHA256 = 'c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c';
const UNREACHABLE = 'Asset path is not reachable.';

/** Verdicts on the files of `assets/SOURCES.md`. The sentences are written again here, because the product's could be wrong. */
export const CASES: readonly Case[] = [
  { path: './assets/rocket.jpg', weight: 8, state: 'complete', errors: null },
  { path: './assets/rocket.jpg', sha256: ROCKET_SHA256, weight: 2, state: 'complete', errors: null },
  {
    path: './assets/rocket.jpg',
    sha256: '0'.repeat(64),
    weight: 2,
    state: 'failed',
    errors: { asset: [`Asset does not have the given SHA-256: it has ${ROCKET_SHA256}.`] },
  },
  { path: './assets/hubble_deep_field.jpg', weight: 1, state: 'complete', errors: null },
  { path: './assets/retina.jpg', weight: 2, state: 'failed', errors: { asset: [dimensions('1411x1411')] } },
  { path: './assets/astronaut.png', weight: 2, state: 'failed', errors: { asset: [PNG] } },
  {
    path: './assets/not-an-image.jpg',
    weight: 2,
    state: 'failed',
    errors: { asset: ['Asset is not an image.'] },
  },
  { path: './assets/missing.jpg', weight: 2, state: 'failed', errors: { onStart: [UNREACHABLE] } },
  {
    path: './assets/rocket.jpg',
    weight: 1,
    unusable: { onStart: 'wat' },
    state: 'failed',
    errors: { onStart: ['`wat`is not a valid URL'] },
  },
  {
    path: './assets/missing.jpg',
    weight: 1,
    unusable: { onStart: 'wat' },
    state: 'failed',
    errors: { onStart: ['`wat`is not a valid URL', UNREACHABLE] },
  },
  {
    path: './assets/astronaut.png',
    weight: 1,
    unusable: { onSuccess: 'ftp://example.com/hook' },
    state: 'failed',
    errors: { onSuccess: ['`ftp://example.com/hook`is not a valid URL'], asset: [PNG] },
  },
];
