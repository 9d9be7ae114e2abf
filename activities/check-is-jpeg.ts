import type { ImageFacts } from '../src/domain/image-facts.ts';
import { passed, type StepResult } from './step.ts';

/** Passes when the content, not the name, is a JPEG. */
export function checkIsJpeg({ facts: { format } }: { facts: ImageFacts }): StepResult {
  if (format === 'JPEG') return passed;
  return { findings: [{ code: 'format_not_allowed', key: 'asset', measured: { format } }] };
}
