/**
 * Flags that Node gets for our programs. `package.json` and `docker-compose.yml` have the same flags, and a test compares
 * them. Without flags, V8 lets a heap grow in a burst and keeps the memory.
 *
 * - api: a bound on the old space makes V8 collect earlier, long before the bound is reached. Measured in turns, 20,000
 *   submissions at once and then 10 s of them: 5,400 accepts/s, p99 19 ms, at most 199 MiB. Without the bound it holds 330 MiB at the
 *   same rate. With `--optimize-for-size` instead, it is 3,800 accepts/s, p99 33 ms, 172 MiB.
 * - worker: after a backlog of 20,000 its three heaps (main and one a workflow thread) keep 590 MiB instead of 800, at the
 *   same speed. It also preloads `src/process/lean-sandbox.ts`.
 */
export const NODE_FLAGS = {
  api: ['--max-semi-space-size=4', '--max-old-space-size=1024'],
  worker: ['--max-semi-space-size=8', '--import', './src/process/lean-sandbox.ts'],
} as const;
