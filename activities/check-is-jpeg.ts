import type { ImageFacts } from '../src/domain/image-facts.ts';
import { judgeByContract } from './judge-image.ts';
import type { StepResult } from './step.ts';

/** Passes when the content, not the name, is a JPEG. */
export function checkIsJpeg({ facts }: { facts: ImageFacts }): StepResult {
  return judgeByContract('formats', facts);
}
