import { connectDatabase, createSubmitter, percentile, type Target, waitUntil } from './load.ts';

const ASSETS = 50;

/** Time from POST to the terminal row with nothing else to do, one asset after the other. */
export async function measureIdle(target: Target) {
  const submitter = createSubmitter(target, 1);
  const database = await connectDatabase(target);
  try {
    const samples: number[] = [];
    for (let index = 0; index < ASSETS; index += 1) {
      const begin = performance.now();
      const { id } = await submitter.submit('./assets/rocket.jpg');
      await waitUntil(
        async () => {
          const { rows } = await database.query(
            'SELECT 1 FROM assets WHERE id = $1 AND finished_at IS NOT NULL',
            [id],
          );
          return rows.length === 1;
        },
        1,
        10_000,
      );
      samples.push(performance.now() - begin);
    }
    return {
      assets: ASSETS,
      postToTerminalMs: {
        p50: percentile(samples, 0.5),
        p95: percentile(samples, 0.95),
        max: percentile(samples, 1),
      },
    };
  } finally {
    await Promise.all([submitter.close(), database.end()]);
  }
}
