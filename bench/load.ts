import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from 'pg';
import { Agent, request } from 'undici';
import type { AssetPath } from '../src/domain/sources/asset-path.ts';

/** The running stack and database that a bench program measures. */
export interface Target {
  readonly baseUrl: string;
  readonly databaseUrl: string;
}

/** A local path, another place, or the image itself. */
export type Asset = string | Exclude<AssetPath, { location: 'local' }> | Buffer;

export interface Submitter {
  /** Posts one asset; resolves with its id and the time until the 202, in milliseconds. */
  submit(
    asset: Asset,
    notifications?: Record<string, string>,
    policy?: string,
  ): Promise<{ id: string; ms: number }>;
  /** Gives up what has no answer yet. */
  close(): Promise<void>;
}

/** `key`: of a stack that asks for one. */
export function createSubmitter({ baseUrl }: Target, connections: number, key?: string): Submitter {
  const dispatcher = new Agent({ connections });
  const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return {
    async submit(asset, notifications = {}, policy) {
      const begin = performance.now();
      const { query, type, content } = asRequest(asset, notifications, policy);
      const { statusCode, body } = await request(`${baseUrl}/assets/image/`, {
        method: 'POST',
        dispatcher,
        headers: { 'content-type': type, ...authorization },
        query,
        body: content,
      });
      const answer = (await body.json()) as { id: string };
      if (statusCode !== 202) throw new Error(`POST answered ${statusCode}: ${JSON.stringify(answer)}`);
      return { id: answer.id, ms: performance.now() - begin };
    },
    close: () => dispatcher.destroy(),
  };
}

function asRequest(asset: Asset, notifications: Record<string, string>, policy: string | undefined) {
  if (Buffer.isBuffer(asset)) {
    const query = { ...notifications, ...(policy !== undefined && { policy }) };
    return { query, type: 'image/jpeg', content: asset };
  }
  const assetPath: AssetPath = typeof asset === 'string' ? { location: 'local', path: asset } : asset;
  return {
    query: {},
    type: 'application/json',
    content: JSON.stringify({ assetPath, notifications, policy }),
  };
}

export interface Receiver {
  readonly url: string;
  /** Events received so far. */
  readonly events: number;
  close(): Promise<void>;
}

/** A webhook receiver that answers after `delayMs`, by default at once. */
export async function startReceiver(delayMs = 0): Promise<Receiver> {
  let events = 0;
  const server: Server = createServer((req, res) => {
    req.resume().on('end', () => {
      events += 1;
      if (delayMs === 0) res.end('ok');
      else setTimeout(() => res.end('ok'), delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get events() {
      return events;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Reads counts straight from the database, so watching costs the API nothing. */
export async function connectDatabase({ databaseUrl }: Target): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  return client;
}

/** Calls `probe` until it is true. @throws after `timeoutMs` */
export async function waitUntil(
  probe: () => Promise<boolean>,
  everyMs: number,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await probe())) {
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** The value below which a share `p` of the samples lies, rounded to 0.1. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return (
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN) * 10) / 10
  );
}
