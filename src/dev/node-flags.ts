/**
 * How Node runs our programs; `package.json` and `docker-compose.yml` say the same, and a test holds them together. V8
 * lets heaps grow in a burst and keeps them.
 *
 * - api: after 20,000 submissions at once 160 MiB instead of 350, at some 6,500 requests a second instead of 11,000: far
 *   more than what stands behind it can validate.
 * - worker: its three heaps (main and one a workflow thread) keep 590 MiB after a backlog of 20,000 instead of 800, at the
 *   same speed; and `src/process/lean-sandbox.ts`.
 */
export const NODE_FLAGS = {
  api: ['--optimize-for-size'],
  worker: ['--max-semi-space-size=8', '--import', './src/process/lean-sandbox.ts'],
} as const;
