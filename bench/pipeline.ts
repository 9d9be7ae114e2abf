import {
  type Asset,
  connectDatabase,
  createSubmitter,
  percentile,
  startReceiver,
  type Target,
  waitUntil,
} from './load.ts';
import { postgresProcessorMs, processorMs } from './processor-time.ts';

const ASSETS = 1_500;
const WARM_UP_ASSETS = 300;
const CONNECTIONS = 32;
/** The rate of a data team's script. It is steady, and faster than the pipeline. */
const SUBMIT_PER_S = 300;

const NOT_TERMINAL = 'SELECT count(*) AS open FROM assets WHERE id = ANY($1) AND finished_at IS NULL';
const NOT_DELIVERED = `SELECT count(*) AS open FROM deliveries WHERE asset_id = ANY($1) AND state = 'pending'`;

interface Load {
  /** By default a local file. */
  readonly asset?: Asset;
  readonly policy?: string;
  readonly assets?: number;
  /** Validated before the clock starts. Code is then compiled and caches are filled, as in a service that is up for a minute. */
  readonly warmUpAssets?: number;
  /** Ids of further processes whose processor time is told, by name. */
  readonly processes?: Readonly<Record<string, number>>;
}

/**
 * Measures assets a second, from the first POST to the last terminal row. It also measures the time that accepting takes
 * meanwhile, and the processor time that an asset costs each process.
 */
export async function measurePipeline(
  target: Target,
  {
    asset = './assets/rocket.jpg',
    policy,
    assets = ASSETS,
    warmUpAssets = WARM_UP_ASSETS,
    processes = {},
  }: Load = {},
) {
  const receiver = await startReceiver();
  const submitter = createSubmitter(target, CONNECTIONS);
  const database = await connectDatabase(target);
  const notifications = { onStart: `${receiver.url}/start`, onSuccess: `${receiver.url}/success` };
  const countOpen = async (sql: string, ids: readonly string[]) => {
    const { rows } = await database.query<{ open: string }>(sql, [ids]);
    return Number(rows[0]?.open);
  };
  const submitAll = (count: number) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, (index / SUBMIT_PER_S) * 1000));
        return submitter.submit(asset, notifications, policy);
      }),
    );
  async function processorTimes(): Promise<Record<string, number | null>> {
    const { user, system } = process.cpuUsage();
    const times: Record<string, number | null> = {
      // This process sends the load, receives the webhooks and watches the rows.
      load: (user + system) / 1000,
      postgres: await postgresProcessorMs(database),
    };
    for (const [name, pid] of Object.entries(processes)) times[name] = await processorMs(pid);
    return times;
  }
  const untilTerminal = (ids: readonly string[]) =>
    waitUntil(async () => (await countOpen(NOT_TERMINAL, ids)) === 0, 50, 300_000);
  const untilDelivered = (ids: readonly string[]) =>
    waitUntil(async () => (await countOpen(NOT_DELIVERED, ids)) === 0, 50, 60_000);
  try {
    const warmUp = (await submitAll(warmUpAssets)).map((answer) => answer.id);
    await untilTerminal(warmUp);
    await untilDelivered(warmUp);
    const eventsBefore = receiver.events;

    const before = await processorTimes();
    const begin = performance.now();
    const answers = await submitAll(assets);
    const ids = answers.map((answer) => answer.id);
    await untilTerminal(ids);
    const seconds = (performance.now() - begin) / 1000;
    await untilDelivered(ids);
    const after = await processorTimes();
    const { rows } = await database.query<{ state: string; count: number }>(
      'SELECT state, count(*)::int AS count FROM assets WHERE id = ANY($1) GROUP BY state',
      [ids],
    );
    const accepts = answers.map((answer) => answer.ms);
    return {
      assets,
      states: Object.fromEntries(rows.map((row) => [row.state, row.count])),
      webhooks: receiver.events - eventsBefore,
      seconds: Math.round(seconds * 10) / 10,
      assetsPerS: Math.round((assets / seconds) * 10) / 10,
      processorMsPerAsset: Object.fromEntries(
        Object.keys(after).map((name) => [name, perAsset(before[name], after[name], assets)]),
      ),
      acceptMs: {
        p50: percentile(accepts, 0.5),
        p95: percentile(accepts, 0.95),
        p99: percentile(accepts, 0.99),
      },
    };
  } finally {
    await Promise.all([receiver.close(), submitter.close(), database.end()]);
  }
}

function perAsset(before: number | null | undefined, after: number | null | undefined, assets: number) {
  if (typeof before !== 'number' || typeof after !== 'number') return null;
  return Math.round(((after - before) / assets) * 100) / 100;
}
