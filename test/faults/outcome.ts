import { Client } from 'pg';
import type { AssetErrors } from '../../src/domain/asset.ts';
import type { Log } from './log.ts';

/** The number of open assets and deliveries, straight from the database. Null while it does not answer. */
export async function readOpenWork(
  databaseUrl: string,
): Promise<{ assets: number; deliveries: number } | null> {
  return query<{ assets: number; deliveries: number }>(
    databaseUrl,
    `SELECT (SELECT count(*)::int FROM assets WHERE finished_at IS NULL) AS assets,
            (SELECT count(*)::int FROM deliveries WHERE state = 'pending') AS deliveries`,
  ).then(
    ([row]) => row ?? null,
    () => null,
  );
}

/** Logs the final rows: state and errors as clients read them, other columns from the database. */
export async function logRows(baseUrl: string, databaseUrl: string, log: Log): Promise<void> {
  const listed = (await (await fetch(`${baseUrl}/assets/`)).json()) as {
    id: string;
    state: string;
    errors: AssetErrors | null;
  }[];
  const stored = await query<{
    id: string;
    submission: number | null;
    attempt: number;
    claims: number;
    startedAt: number | null;
    finishedAt: number | null;
  }>(
    databaseUrl,
    `SELECT id, attempt, claims, (extract(epoch FROM started_at) * 1000)::float8 AS "startedAt",
            (extract(epoch FROM finished_at) * 1000)::float8 AS "finishedAt",
            substring(webhooks::text FROM 'submission=(\\d+)')::int AS submission
     FROM assets ORDER BY id`,
  );
  const byId = new Map(listed.map((asset) => [asset.id, asset]));
  for (const row of stored) {
    const { state, errors } = byId.get(row.id) ?? { state: 'not listed', errors: null };
    log.add({ type: 'row', ...row, state, errors: errors === null ? null : JSON.stringify(errors) });
  }
}

async function query<Row extends object>(connectionString: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000, query_timeout: 10_000 });
  // A server that dies between two answers is reported here as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
