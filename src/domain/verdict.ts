import type { TerminalState } from './asset.ts';
import type { Finding } from './findings.ts';
import type { ImageFacts } from './image-facts.ts';
import type { StepRecord } from './steps.ts';

/** The stored end of an attempt. */
export interface Verdict {
  readonly state: TerminalState;
  readonly findings: readonly Finding[];
  /** Empty if all steps were skipped. */
  readonly steps: readonly StepRecord[];
  readonly image: ImageFacts | null;
}
