import { alpha } from './alpha.ts';
import { animation } from './animation.ts';
import { aspectRatio } from './aspect-ratio.ts';
import { blur } from './blur.ts';
import { bytes } from './bytes.ts';
import type { Check } from './check.ts';
import { checked } from './checked.ts';
import { colourSpaces } from './colour-spaces.ts';
import { dark } from './dark.ts';
import { exactDuplicates } from './exact-duplicates.ts';
import { formats } from './formats.ts';
import { grayscale } from './grayscale.ts';
import { information } from './information.ts';
import { light } from './light.ts';
import { maxDimensions } from './max-dimensions.ts';
import { minDimensions } from './min-dimensions.ts';
import { nearDuplicates } from './near-duplicates.ts';
import { size } from './size.ts';
import { structure } from './structure.ts';

/** All checks by the name of their rule in policies, in reporting order. A new check needs its file and a line here. */
export const CHECKS = {
  formats,
  maxDimensions,
  minDimensions,
  bytes,
  colourSpaces,
  alpha,
  animation,
  structure,
  checked,
  aspectRatio,
  grayscale,
  dark,
  light,
  information,
  blur,
  size,
  exactDuplicates,
  nearDuplicates,
} as const satisfies Record<string, Check>;

export type RuleName = keyof typeof CHECKS;
export type CheckName = (typeof CHECKS)[RuleName]['name'];
export type CheckCode = (typeof CHECKS)[RuleName]['code'];

export const RULE_NAMES = Object.keys(CHECKS) as RuleName[];
