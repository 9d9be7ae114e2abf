/**
 * Flags that Node gets for our programs. `package.json` and `docker-compose.yml` have the same flags, and a test compares
 * them. Without flags, V8 lets a heap grow in a burst and keeps the memory.
 *
 * - api: after 20,000 submissions at once it holds 160 MiB instead of 350. It takes some 6,500 requests a second instead of
 *   11,000, which is far more than the pipeline can validate.
 * - worker: after a backlog of 20,000 its three heaps (main and one a workflow thread) keep 590 MiB instead of 800, at the
 *   same speed. It also preloads `src/process/lean-sandbox.ts`.
 */
export const NODE_FLAGS = {
  api: ['--optimize-for-size'],
  worker: ['--max-semi-space-size=8', '--import', './src/process/lean-sandbox.ts'],
} as const;
