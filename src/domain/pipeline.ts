/**
 * Which steps can run next. The workflow of an asset asks after each step; so can whatever runs the same steps for many assets
 * at once, because nothing here waits, reads or knows of Temporal.
 */

/** What a step has to know before it runs, and what is known after it. */
export interface PipelineStep<Knowledge extends string = string> {
  /** Null: it can run at once. */
  readonly needs: Knowledge | null;
  readonly tells?: Knowledge;
}

/** True: it is known. False: it never will be, because its step ended without learning it. Missing: not yet. */
export type Known<Knowledge extends string = string> = ReadonlyMap<Knowledge, boolean>;

export interface Advance<Step> {
  /** They can run now, side by side, in the order in which they were given. */
  readonly ready: readonly Step[];
  /** They never can: what they need, directly or through others, never will be known. */
  readonly skipped: readonly Step[];
  /** They wait for what is not known yet. */
  readonly waiting: readonly Step[];
}

/** Sorts the steps that wait by what is known now. Each step is ready or skipped once, because only `waiting` is given again. */
export function advance<Step extends PipelineStep>(waiting: readonly Step[], known: Known): Advance<Step> {
  const lost = new Set([...known].flatMap(([knowledge, isKnown]) => (isKnown ? [] : [knowledge])));
  const skipped = new Set<Step>();
  // A skipped step never tells, so what needs that is skipped as well, wherever in the list it stands.
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
