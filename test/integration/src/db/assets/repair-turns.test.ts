import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRepairStore } from '../../../../../src/db/assets/repair-store.ts';
import type { RepairStore } from '../../../../../src/domain/ports/repairs.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';
import { insertEvents } from '../../../../support/tenant-events.ts';

/** Rows that one round checks. */
const A_ROUND = 20;
const URL = 'https://receiver.example/hook';

describe('rows that the reconciler checks', () => {
  let database: TestDatabase;
  let repairs: RepairStore;

  beforeAll(async () => {
    database = await cloneDatabase();
    repairs = createRepairStore(
      database.orm,
      () => Promise.resolve({}),
      () => undefined,
    );
  });
  afterAll(() => database?.drop());

  /** Dispatched rows. Returns their ids. */
  async function insertOpen(owner: string, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => uuidv7());
    await database.query(
      `INSERT INTO assets (id, owner, location, path, dispatched_at)
       SELECT value::uuid, ?, 'local', 'x.jpg', now() - interval '1 min' FROM jsonb_array_elements_text(?::jsonb)`,
      [owner, JSON.stringify(ids)],
    );
    return ids;
  }

  async function insertHandedOver(owner: string, count: number): Promise<string[]> {
    const ids = await insertEvents(
      database,
      owner,
      Array.from({ length: count }, () => URL),
    );
    await database.query(`UPDATE deliveries SET handed_over_at = now() - interval '1 min' WHERE owner = ?`, [
      owner,
    ]);
    return ids;
  }

  it.each([
    ['assets', insertOpen, () => repairs.takeLongestUnchecked(A_ROUND)],
    ['deliveries', insertHandedOver, () => repairs.takeDeliveriesLongestUnchecked(A_ROUND)],
  ] as const)(
    'have %s of a tenant in each round, however many of another wait',
    async (_table, insert, take) => {
      const flood = await insert('flood', 3 * A_ROUND);
      const few = await insert('few', 2);
      const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);
      const firsts = idsOf(await take());
      const seconds = idsOf(await take());
      for (const ids of [firsts, seconds]) {
        expect(ids).toHaveLength(A_ROUND);
        expect(ids).toEqual(expect.arrayContaining(few));
      }
      // The longest unchecked come first, so no row of the flood is checked again before the others.
      const ofFlood = [...firsts, ...seconds].filter((id) => flood.includes(id));
      expect(new Set(ofFlood).size).toBe(2 * (A_ROUND - few.length));
    },
  );
});
