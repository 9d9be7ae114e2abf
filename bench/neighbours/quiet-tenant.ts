import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { connectDatabase, createSubmitter, percentile, waitUntil } from '../load.ts';
import type { TenantStack } from './tenant-stack.ts';

/** Code is compiled and caches are filled after so many assets. */
const WARM_UP_ASSETS = 60;
const WARM_UP_WITHIN_MS = 300_000;
/** Samples are taken over some time, so that one hiccup does not hit all of them. */
const PAUSE_MS = 100;
const LOOK_EVERY_MS = 2;
/** Events of the last samples have at least this time to arrive. */
const LEAST_WAIT_MS = 10_000;

interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  readonly samples: number;
  /** Samples that had not ended when the measurement did. They count with the time until then, so the figures are at least that. */
  readonly unfinished: number;
}

export interface QuietFigures {
  /** From POST to verdict. */
  readonly verdictMs: Times;
  /** From an event of an asset to its arrival, whichever try it was. */
  readonly webhookMs: Times;
  /** The same for test events. They go the way of retries and replays. */
  readonly testEventMs: Times;
  /** Requests that the API refused or did not answer. They were made again, and their time counts. */
  readonly refused: number;
}

export interface QuietTenant {
  measure(limits: { samples: number; seconds: number }): Promise<QuietFigures>;
  close(): Promise<void>;
}

/** A tenant that has one asset at a time, and a receiver that answers at once. `host` leads to loopback. */
export async function startQuietTenant(
  { baseUrl, databaseUrl, keys }: TenantStack,
  host: string,
): Promise<QuietTenant> {
  const arrivedAt = new Map<string, number>();
  const receiver = createServer((req, res) => {
    const id = String(req.headers['webhook-id']);
    if (!arrivedAt.has(id)) arrivedAt.set(id, Date.now());
    req.resume().on('end', () => res.end());
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://${host}:${(receiver.address() as AddressInfo).port}`;
  const notifications = { onStart: `${url}/start`, onSuccess: `${url}/success` };

  const target = { baseUrl, databaseUrl };
  const submitter = createSubmitter(target, 4, keys.quiet);
  const database = await connectDatabase(target);
  const isTerminal = async (id: string) => {
    const sql = 'SELECT 1 FROM assets WHERE id = $1 AND finished_at IS NOT NULL';
    return (await database.query(sql, [id])).rows.length === 1;
  };
  const submit = () => submitter.submit('./assets/rocket.jpg', notifications);

  async function sendTestEvent(): Promise<true> {
    const { statusCode, body } = await request(`${baseUrl}/webhooks/test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${keys.quiet}` },
      body: JSON.stringify({ url: `${url}/test` }),
    });
    if (statusCode !== 202) throw new Error(`POST answered ${statusCode}: ${await body.text()}`);
    await body.dump();
    return true;
  }

  /** Makes a request again until it is accepted. Null if it is not until `deadline`. */
  async function untilAccepted<Answer>(
    ask: () => Promise<Answer>,
    deadline: number,
    onRefused: () => void,
  ): Promise<Answer | null> {
    while (performance.now() < deadline) {
      const answer = await Promise.race([ask().catch(() => null), untilTime(deadline)]);
      if (answer !== null) return answer;
      onRefused();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return null;
  }

  /** Milliseconds to the verdict. `isOver` is false if it was not there at `deadline` (as of `performance.now`). */
  async function takeSample(
    deadline: number,
    onRefused: () => void,
  ): Promise<{ ms: number; isOver: boolean }> {
    const begin = performance.now();
    const accepted = await untilAccepted(submit, deadline, onRefused);
    let isOver = accepted !== null && (await isTerminal(accepted.id));
    while (!isOver && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      isOver = accepted !== null && (await isTerminal(accepted.id));
    }
    return { ms: performance.now() - begin, isOver };
  }

  async function readEvents(since: Date) {
    const { rows } = await database.query<{ id: string; event: string; createdAt: Date }>(
      `SELECT id, event, created_at AS "createdAt" FROM deliveries WHERE owner = 'quiet' AND created_at >= $1`,
      [since],
    );
    const now = Date.now();
    return rows.map(({ id, event, createdAt }) => {
      const arrived = arrivedAt.get(id);
      return { event, ms: (arrived ?? now) - createdAt.getTime(), isOver: arrived !== undefined };
    });
  }

  async function close(): Promise<void> {
    receiver.closeAllConnections();
    await Promise.all([new Promise((resolve) => receiver.close(resolve)), submitter.close(), database.end()]);
  }

  try {
    const warmUp = await Promise.all(Array.from({ length: WARM_UP_ASSETS }, submit));
    for (const { id } of warmUp) await waitUntil(() => isTerminal(id), LOOK_EVERY_MS, WARM_UP_WITHIN_MS);
  } catch (error) {
    await close();
    throw error;
  }

  return {
    async measure({ samples, seconds }) {
      const since = new Date();
      const deadline = performance.now() + seconds * 1000;
      let refused = 0;
      const countRefused = () => void (refused += 1);
      const verdicts: { ms: number; isOver: boolean }[] = [];
      while (verdicts.length < samples && performance.now() < deadline) {
        await untilAccepted(sendTestEvent, deadline, countRefused);
        verdicts.push(await takeSample(deadline, countRefused));
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      const lastDeadline = Math.max(deadline, performance.now() + LEAST_WAIT_MS);
      let events = await readEvents(since);
      while (events.some(({ isOver }) => !isOver) && performance.now() < lastDeadline) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        events = await readEvents(since);
      }
      return {
        verdictMs: timesOf(verdicts),
        webhookMs: timesOf(events.filter(({ event }) => event !== 'test')),
        testEventMs: timesOf(events.filter(({ event }) => event === 'test')),
        refused,
      };
    },
    close,
  };
}

function timesOf(samples: readonly { ms: number; isOver: boolean }[]): Times {
  const all = samples.map(({ ms }) => ms);
  return {
    p50: percentile(all, 0.5),
    p95: percentile(all, 0.95),
    max: percentile(all, 1),
    samples: all.length,
    unfinished: samples.filter(({ isOver }) => !isOver).length,
  };
}

/** Null at that time, as of `performance.now`. */
function untilTime(time: number): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), Math.max(0, time - performance.now())).unref();
  });
}
