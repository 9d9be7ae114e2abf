import { connectDatabase, createSubmitter, type Target, waitUntil } from './load.ts';

const ASSETS = 20_000;
const CONNECTIONS = 32;
const LOOK_EVERY_MS = 500;

export interface Processes {
  /** Resident memory of the API in MiB. */
  apiMiB(): Promise<number>;
  /** Starts a worker. The function that it returns reads the worker's resident memory in MiB. */
  startWorker(): Promise<() => Promise<number>>;
}

/** Lets a backlog grow while no worker runs, then works it off. Memory in MiB is the highest of all samples. */
export async function measureBacklog(target: Target, processes: Processes, say: (line: string) => void) {
  const submitter = createSubmitter(target, CONNECTIONS);
  const database = await connectDatabase(target);
  const count = async (condition: string) => {
    const { rows } = await database.query<{ count: string }>(
      `SELECT count(*) FROM assets WHERE ${condition}`,
    );
    return Number(rows[0]?.count);
  };
  try {
    const apiMiB = [await processes.apiMiB()];
    let left = ASSETS;
    const submitting = Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        while (left > 0) {
          left -= 1;
          await submitter.submit('./assets/rocket.jpg');
        }
      }),
    );
    const watch = setInterval(() => void processes.apiMiB().then((mib) => apiMiB.push(mib)), LOOK_EVERY_MS);
    await submitting;
    // Waits until the API's dispatcher starts no more workflows: no new one in ten samples.
    let dispatchedBefore = -1;
    let still = 0;
    await waitUntil(
      async () => {
        const now = await count('dispatched_at IS NOT NULL');
        still = now === dispatchedBefore ? still + 1 : 0;
        dispatchedBefore = now;
        return still >= 10;
      },
      LOOK_EVERY_MS,
      300_000,
    );
    const queued = await count(`state = 'queued'`);
    const dispatched = await count(`state = 'queued' AND dispatched_at IS NOT NULL`);

    const begin = performance.now();
    const workerMiB: number[] = [];
    const readWorkerMiB = await processes.startWorker();
    await waitUntil(
      async () => {
        workerMiB.push(await readWorkerMiB());
        const open = await count('finished_at IS NULL');
        if (workerMiB.length % 20 === 0) say(`… ${open} left, worker ${workerMiB.at(-1)} MiB`);
        return open === 0;
      },
      LOOK_EVERY_MS,
      1_800_000,
    );
    clearInterval(watch);
    const seconds = (performance.now() - begin) / 1000;
    return {
      assets: ASSETS,
      queued,
      dispatchedAhead: dispatched,
      apiMiB: { first: apiMiB[0], highest: Math.max(...apiMiB) },
      drain: { seconds: Math.round(seconds), assetsPerS: Math.round((ASSETS / seconds) * 10) / 10 },
      workerMiB: { highest: Math.max(...workerMiB) },
      notComplete: await count(`state <> 'complete'`),
    };
  } finally {
    await Promise.all([submitter.close(), database.end()]);
  }
}
