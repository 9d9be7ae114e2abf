import { afterAll } from 'vitest';

/** Ends of what runs outside of this process. */
const ends = new Set<() => Promise<unknown>>();

/**
 * Ends something at the end of the test file, should its test or its suite not have got to it. Calling the result
 * takes it back.
 */
export function endAtLast(end: () => Promise<unknown>): () => void {
  ends.add(end);
  return () => ends.delete(end);
}

// This file is one of vitest's `setupFiles`: outside of every suite, so it runs after what these end by themselves.
afterAll(async () => {
  await Promise.all([...ends].map((end) => end()));
  ends.clear();
});
