import { activityInfo } from '@temporalio/activity';
import type { Finding } from '../src/domain/findings.ts';
import type { ImageFacts } from '../src/domain/image-facts.ts';

/** A bad picture is a verdict, not an error. So steps return findings and throw only for trouble. */
export interface StepResult {
  readonly findings: readonly Finding[];
  /** The facts that `checkIsImage` found, for the steps after it. */
  readonly facts?: ImageFacts;
  /** The facts are not enough, so nothing was checked and nothing is found. */
  readonly isUnknown?: true;
}

/** A step's result with the times of its run. Times are ISO 8601. `attempt` counts this activity's own tries. */
export interface TimedStepResult extends StepResult {
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  readonly attempt: number;
}

export const passed: StepResult = { findings: [] };
export const unknown: StepResult = { findings: [], isUnknown: true };

/** Adds the times of its run to a step's result. */
export function timed<Input>(
  run: (input: Input) => Promise<StepResult> | StepResult,
): (input: Input) => Promise<TimedStepResult> {
  return async (input) => {
    const startedAt = new Date();
    const begin = performance.now();
    const result = await run(input);
    return {
      ...result,
      startedAt: startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      durationMs: Math.round((performance.now() - begin) * 10) / 10,
      attempt: activityInfo().attempt,
    };
  };
}
