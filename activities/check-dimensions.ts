import type { ImageFacts } from '../src/domain/image-facts.ts';
import { judgeByContract } from './judge-image.ts';
import type { StepResult } from './step.ts';

/**
 * Passes when width and height, as stored, are at most 1000 px. A picture whose
 * header gives no dimensions cannot fail here.
 */
export function checkDimensions({ facts }: { facts: ImageFacts }): StepResult {
  return judgeByContract('maxDimensions', facts);
}
