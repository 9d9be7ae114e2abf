import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { query } from '../query.ts';
import { IS_TO_DISPATCH } from './lifecycle.ts';

/** At 10,000 accepts a second the ceiling is overshot by 20,000 rows at most. */
const COUNT_EVERY_MS = 2_000;

/** The rest after a count, in durations of that count. Counting a million entries takes some 200 ms: a twentieth of the time. */
const REST_AFTER_COUNT = 20;

export interface Backlog {
  /** Whether more assets wait for their start than allowed, as last counted. Never waits. */
  isFull(): boolean;
}

/**
 * Watches how many assets wait undispatched, by the index `assets_to_dispatch`. It counts when a request asks. While it is full
 * it also counts by itself, so returning clients get a fresh answer. A count that fails refuses no request.
 */
export function createBacklog(
  orm: MikroORM,
  { max, onError }: { max: number; onError: (error: unknown) => void },
): Backlog {
  let full = false;
  let counting = false;
  let countAgainAt = 0;

  async function count(): Promise<void> {
    counting = true;
    const begin = performance.now();
    try {
      full = await isBacklogLongerThan(orm, max);
    } catch (error) {
      full = false;
      onError(error);
    }
    const now = performance.now();
    const restMs = Math.max(COUNT_EVERY_MS, (now - begin) * REST_AFTER_COUNT);
    countAgainAt = now + restMs;
    counting = false;
    if (full) setTimeout(refresh, restMs).unref();
  }

  function refresh(): void {
    if (!counting && performance.now() >= countAgainAt) void count();
  }

  return {
    isFull() {
      refresh();
      return full;
    },
  };
}

/** Reads at most one entry more of the index than the ceiling allows, however long the index is. */
export function findOneTooMany(max: number) {
  return sql`SELECT 1 AS more FROM assets WHERE ${IS_TO_DISPATCH} ORDER BY id OFFSET ${max} LIMIT 1`;
}

export async function isBacklogLongerThan(orm: MikroORM, max: number): Promise<boolean> {
  const { rows } = await query(orm, (db) => findOneTooMany(max).execute(db));
  return rows.length > 0;
}
