import { afterAll } from 'vitest';

/** Functions that end things outside of this process. */
const ends = new Set<() => Promise<unknown>>();

/**
 * Ends something at the end of the test file, in case its test or suite did not get to it. Calling the result cancels that.
 */
export function endAtLast(end: () => Promise<unknown>): () => void {
  ends.add(end);
  return () => ends.delete(end);
}

// This file is one of vitest's `setupFiles`. It is outside of every suite, so this runs after the suites' own clean-up.
afterAll(async () => {
  await Promise.all([...ends].map((end) => end()));
  ends.clear();
});
