import {
  connectDatabase,
  createSubmitter,
  percentile,
  startReceiver,
  type Target,
  waitUntil,
} from './load.ts';

/** Assets whose receiver answers at once. */
const WELL = 750;
/** Assets whose receiver hangs, two events each. */
const HANGING = 250;
const HANGS_FOR_MS = 30_000;
const SUBMIT_PER_S = 300;
const CONNECTIONS = 32;

/** Pairs of runs, without and with the receiver that hangs, because single runs differ by a fifth on a machine of two cores. */
const PAIRS = 3;

/**
 * Measures how much a receiver that hangs slows down the others. Each pair runs the same assets twice, the second time with 500
 * events to a receiver that hangs. It is a new one each time, so no process knows it yet. `rateRatio` is the pairs' median.
 */
export async function measureReceivers(target: Target) {
  const submitter = createSubmitter(target, CONNECTIONS);
  const database = await connectDatabase(target);
  const well = await startReceiver();

  async function run(hangingUrl: string | null) {
    const ids: string[] = [];
    const begin = performance.now();
    await Promise.all(
      Array.from({ length: WELL + HANGING }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, (index / SUBMIT_PER_S) * 1000));
        const isHanging = index % Math.round((WELL + HANGING) / HANGING) === 0;
        const toHanging =
          hangingUrl === null ? {} : { onStart: `${hangingUrl}/start`, onSuccess: `${hangingUrl}/end` };
        const notifications = isHanging ? toHanging : { onSuccess: `${well.url}/end` };
        ids.push((await submitter.submit('./assets/rocket.jpg', notifications)).id);
      }),
    );
    const isOver = async () => {
      const { rows } = await database.query<{ open: string }>(
        'SELECT count(*) AS open FROM assets WHERE id = ANY($1) AND finished_at IS NULL',
        [ids],
      );
      return Number(rows[0]?.open) === 0;
    };
    await waitUntil(isOver, 50, 300_000);
    return { ids, assetsPerS: Math.round((ids.length / (performance.now() - begin)) * 10_000) / 10 };
  }

  /** Milliseconds from an event to its first try, for the receiver that answers. */
  async function firstTries(ids: readonly string[]): Promise<number[]> {
    const isTried = async () => {
      const { rows } = await database.query<{ open: string }>(
        `SELECT count(*) AS open FROM deliveries WHERE asset_id = ANY($1) AND url = $2 AND state = 'pending'`,
        [ids, `${well.url}/end`],
      );
      return Number(rows[0]?.open) === 0;
    };
    await waitUntil(isTried, 50, 120_000);
    const { rows } = await database.query<{ ms: number }>(
      `SELECT extract(epoch FROM t.at - d.created_at)::float * 1000 AS ms
       FROM deliveries d JOIN delivery_tries t ON t.delivery_id = d.id AND t.number = 1
       WHERE d.asset_id = ANY($1) AND d.url = $2`,
      [ids, `${well.url}/end`],
    );
    return rows.map((row) => row.ms);
  }

  try {
    // A warm-up compiles the code and fills the caches.
    await run(null);
    const pairs: { without: number; with: number; ratio: number }[] = [];
    const tries: number[] = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const hanging = await startReceiver(HANGS_FOR_MS);
      const without = (await run(null)).assetsPerS;
      const during = await run(hanging.url);
      tries.push(...(await firstTries(during.ids)));
      pairs.push({
        without,
        with: during.assetsPerS,
        ratio: Math.round((during.assetsPerS / without) * 100) / 100,
      });
      await hanging.close();
    }
    return {
      assets: WELL + HANGING,
      hangingEvents: 2 * HANGING,
      assetsPerS: pairs,
      rateRatio:
        percentile(
          pairs.map(({ ratio }) => ratio * 100),
          0.5,
        ) / 100,
      firstTriesToTheOther: {
        events: tries.length,
        p50Ms: percentile(tries, 0.5),
        p95Ms: percentile(tries, 0.95),
        maxMs: percentile(tries, 1),
      },
    };
  } finally {
    await Promise.all([submitter.close(), database.end(), well.close()]);
  }
}
