import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrate } from '../../../../src/db/migrate.ts';
import { openDatabase } from '../../../../src/db/orm.ts';
import { runText } from '../../../support/database.ts';

describe('migrations', () => {
  const name = `migrated_${process.pid}_${Date.now()}`;
  const url = inject('templateUrl').replace(/\/[^/]+$/, `/${name}`);
  let admin: Awaited<ReturnType<typeof openDatabase>>;

  beforeAll(async () => {
    admin = await openDatabase({ url: inject('templateUrl').replace(/\/[^/]+$/, '/postgres'), poolMax: 1 });
    await runText(admin, `CREATE DATABASE ${name}`);
  });
  afterAll(async () => {
    await runText(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.close();
  });

  it('are applied once by processes that start together, although some build indexes while others write', async () => {
    const pools = await Promise.all([1, 2, 3].map(() => openDatabase({ url, poolMax: 2 })));
    const applied = await Promise.all(pools.map(migrate));
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    expect(applied.flat()).toContain('0013-lists');
    const [pool] = pools;
    if (pool !== undefined) {
      // Whoever runs it again, after an interruption, gets the same.
      const building = ['0013-lists', '0018-partial-list-indexes', '0021-files-and-codes'];
      await runText(pool, `DELETE FROM migrations WHERE name IN ('${building.join(`', '`)}')`);
      expect(await migrate(pool)).toEqual(building);
      expect(
        await runText(pool, 'SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid'),
      ).toEqual([]);
    }
    await Promise.all(pools.map((one) => one.close()));
  });
});
