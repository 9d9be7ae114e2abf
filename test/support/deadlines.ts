/*
 * A deadline ends a hang and measures nothing. So it is far longer than a busy machine takes, and no test has a deadline of its
 * own. A test that checks a time against a bound uses `machine-pace.ts`.
 */

/** How long `eventually` waits for its condition. */
export const CONDITION_MS = 180_000;

/** How long a test or its set-up may take. It may wait for several conditions, one after the other. */
export const TEST_MS = 600_000;
