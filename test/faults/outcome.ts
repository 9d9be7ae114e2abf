import { Client } from 'pg';
import type { AssetErrors } from '../../src/domain/asset.ts';
import type { Log } from './log.ts';

/** A tenant's number of open assets and deliveries, straight from the database. Null while it does not answer. */
export async function readOpenWork(
  databaseUrl: string,
  tenant: string,
): Promise<{ assets: number; deliveries: number } | null> {
  return query<{ assets: number; deliveries: number }>(
    databaseUrl,
    `SELECT (SELECT count(*)::int FROM assets WHERE owner = $1 AND finished_at IS NULL) AS assets,
            (SELECT count(*)::int FROM deliveries WHERE owner = $1 AND state = 'pending') AS deliveries`,
    [tenant],
  ).then(
    ([row]) => row ?? null,
    () => null,
  );
}

/** Logs the final rows: state and errors as clients read them, other columns from the database. */
export async function logRows(
  { baseUrl, databaseUrl, key }: { baseUrl: string; databaseUrl: string; key: string },
  log: Log,
): Promise<void> {
  const authorization = `Bearer ${key}`;
  const listed = (await (await fetch(`${baseUrl}/assets/`, { headers: { authorization } })).json()) as {
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

async function query<Row extends object>(
  connectionString: string,
  sql: string,
  values: readonly string[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000, query_timeout: 10_000 });
  // A server that dies between two answers is reported here as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
