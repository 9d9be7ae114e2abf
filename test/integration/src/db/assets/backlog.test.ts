import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../../../../src/domain/api-key.ts';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import {
  type Backlog,
  createBacklog,
  findOneTooMany,
  isBacklogLongerThan,
} from '../../../../../src/db/assets/backlog.ts';
import { query } from '../../../../../src/db/query.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';
import { eventually } from '../../../../support/eventually.ts';

const MAX = 5;

describe('the backlog', () => {
  let database: TestDatabase;
  let errors: unknown[];

  beforeEach(async () => {
    database = await cloneDatabase();
    errors = [];
  });
  afterEach(() => database.drop());

  const watch = (): Backlog =>
    createBacklog(database.orm, { max: MAX, onError: (error) => errors.push(error) });

  async function accept(count: number): Promise<void> {
    const assets = createAssetStore(database.orm, () => undefined);
    const submission = { assetPath: { location: 'local', path: 'x' }, notifications: {} } as const;
    await Promise.all(Array.from({ length: count }, () => assets.accept(DEFAULT_TENANT, submission)));
  }

  it('is full only if more assets wait than allowed; dispatched ones do not count', async () => {
    await accept(MAX);
    expect(await isBacklogLongerThan(database.orm, MAX)).toBe(false);
    await accept(1);
    expect(await isBacklogLongerThan(database.orm, MAX)).toBe(true);
    await database.query('UPDATE assets SET dispatched_at = now()');
    expect(await isBacklogLongerThan(database.orm, MAX)).toBe(false);
  });

  it('notices by itself that there is room again', async () => {
    await accept(MAX + 1);
    const backlog = watch();
    await eventually(() => backlog.isFull(), { what: 'a full backlog' });
    await database.query('UPDATE assets SET dispatched_at = now()');
    await eventually(() => !backlog.isFull(), { what: 'room' });
  });

  it('is read from its index, and no further than the ceiling', async () => {
    await database.query(
      `INSERT INTO assets (id, location, path) SELECT gen_random_uuid(), 'local', 'x' FROM generate_series(1, 5000)`,
    );
    await database.query('ANALYZE assets');
    const { rows } = await query(database.orm, (db) =>
      sql<{ 'QUERY PLAN': string }>`EXPLAIN ANALYZE ${findOneTooMany(100)}`.execute(db),
    );
    const text = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toMatch(/assets_to_dispatch.*rows=101/);
  });

  it("refuses no request if it can't be counted", async () => {
    await accept(MAX + 1);
    await database.query('ALTER TABLE assets RENAME COLUMN dispatched_at TO gone');
    const backlog = watch();
    expect(backlog.isFull()).toBe(false);
    await eventually(() => errors.length === 1, { what: 'a count that fails' });
    expect(backlog.isFull()).toBe(false);
  });
});
