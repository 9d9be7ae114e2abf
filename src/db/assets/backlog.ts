import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { query } from '../query.ts';
import { IS_TO_DISPATCH } from './lifecycle.ts';

/** At 10,000 accepts a second the ceiling is overshot by 20,000 rows at most. */
const COUNT_EVERY_MS = 2_000;

/** A million entries take some 200 ms to count: rarer counts keep them below a twentieth of one connection's time. */
const REST_AFTER_COUNT = 20;

export interface Backlog {
  /** Whether more assets wait for their start than allowed, as last counted. Never waits. */
  isFull(): boolean;
}

/**
 * Watches how many assets wait undispatched, by the index `assets_to_dispatch`. Counts when somebody asks, and on its own
 * while it is full, so that clients who come back find a fresh answer. A count that fails stops nobody from working.
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

/** Reads one entry more of the index than the ceiling allows, however long it is. */
export function findOneTooMany(max: number) {
  return sql`SELECT 1 AS more FROM assets WHERE ${IS_TO_DISPATCH} ORDER BY id OFFSET ${max} LIMIT 1`;
}

export async function isBacklogLongerThan(orm: MikroORM, max: number): Promise<boolean> {
  const { rows } = await query(orm, (db) => findOneTooMany(max).execute(db));
  return rows.length > 0;
}
