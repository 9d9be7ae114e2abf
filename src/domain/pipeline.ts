/**
 * Decides which steps can run next. The workflow of an asset asks after each step. Nothing here waits, reads or uses
 * Temporal, so other code can run the same steps for many assets at once.
 */

/** The knowledge that a step needs before it runs, and the knowledge that it gives. */
export interface PipelineStep<Knowledge extends string = string> {
  /** Null: it can run at once. */
  readonly needs: Knowledge | null;
  readonly tells?: Knowledge;
}

/** True: it is known. False: it never will be, because its step ended without giving it. Missing: it is not known yet. */
export type Known<Knowledge extends string = string> = ReadonlyMap<Knowledge, boolean>;

export interface Advance<Step> {
  /** Steps that can run now, side by side, in the given order. */
  readonly ready: readonly Step[];
  /** Steps that can never run, because knowledge that they need, directly or through others, will never come. */
  readonly skipped: readonly Step[];
  /** Steps that wait for knowledge that is still missing. */
  readonly waiting: readonly Step[];
}

/**
 * Sorts the waiting steps by what is known now. The caller passes only `waiting` again,
 * so each step becomes ready or skipped once.
 */
export function advance<Step extends PipelineStep>(waiting: readonly Step[], known: Known): Advance<Step> {
  const lost = new Set([...known].flatMap(([knowledge, isKnown]) => (isKnown ? [] : [knowledge])));
  const skipped = new Set<Step>();
  // A skipped step gives no knowledge, so the steps that need it are skipped too, wherever they are in the list.
  for (let before = -1; skipped.size > before; ) {
    before = skipped.size;
    for (const step of waiting) {
      if (step.needs === null || !lost.has(step.needs)) continue;
      skipped.add(step);
      if (step.tells !== undefined) lost.add(step.tells);
    }
  }
  const isReady = ({ needs }: Step) => needs === null || known.get(needs) === true;
  return {
    ready: waiting.filter(isReady),
    skipped: [...skipped],
    waiting: waiting.filter((step) => !isReady(step) && !skipped.has(step)),
  };
}
