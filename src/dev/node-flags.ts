/**
 * How Node runs our programs; `package.json` and `docker-compose.yml` say the same, and a test holds them together. V8
 * lets heaps grow in a burst and keeps them; smaller young generations bound that.
 *
 * - api: after 20,000 submissions at once 200 MiB instead of 340, at some 9,000 requests a second instead of 12,000.
 * - worker: its three heaps (main and one a workflow thread) keep 560 MiB after 1,500 assets at once instead of 660, at the
 *   same speed; and `src/bin/lean-sandbox.ts`.
 */
export const NODE_FLAGS = {
  api: ['--max-semi-space-size=4', '--initial-old-space-size=32'],
  worker: ['--max-semi-space-size=8', '--import', './src/bin/lean-sandbox.ts'],
} as const;
