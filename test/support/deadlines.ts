/*
 * A deadline ends a hang; it measures nothing. So it is far longer than a machine with other work takes, and no test
 * has one of its own. A test that holds a time against a bound does so by `machine-pace.ts`.
 */

/** How long `eventually` waits for its condition. */
export const CONDITION_MS = 180_000;

/** How long a test, or what sets it up, may take: several conditions, one after the other. */
export const TEST_MS = 600_000;
