import { MAX_SIDE_PX } from '../src/domain/findings.ts';
import type { ImageFacts } from '../src/domain/image-facts.ts';
import { passed, type StepResult } from './step.ts';

/** Passes when width and height, as stored, are at most 1000 px. A header without dimensions can't fail here. */
export function checkDimensions({ facts: { width, height } }: { facts: ImageFacts }): StepResult {
  if (width === null || height === null || (width <= MAX_SIDE_PX && height <= MAX_SIDE_PX)) return passed;
  return { findings: [{ code: 'dimensions_too_large', key: 'asset', measured: { width, height } }] };
}
