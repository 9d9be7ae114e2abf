import type { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFingerprintStore } from '../../../../../src/db/fingerprints/fingerprint-store.ts';
import { openDatabase } from '../../../../../src/db/orm.ts';
import type { Fingerprints } from '../../../../../src/domain/ports/fingerprints.ts';
import { cloneDatabase, runText, type TestDatabase } from '../../../../support/database.ts';
import { BLANK, fill, hexOf, insertAssets } from '../../../../support/images/fingerprints.ts';

const MANY = 100_000;

/** Each with hashes of its own. */
const printsOf = (index: number): Fingerprints => ({
  size: null,
  pixelHash: hexOf(`${index}`),
  perceptualHash: hexOf(`look ${index}`).slice(0, 16),
});

describe('the indexes of fingerprints', () => {
  let database: TestDatabase;
  /** One session, so that its plans are kept and its reads are counted. */
  let session: MikroORM;

  beforeAll(async () => {
    database = await cloneDatabase();
    session = await openDatabase({ url: database.url, poolMax: 1 });
    // These plans are made for a table of a few rows, which a scan would suit.
    await compare('blank', 10, () => BLANK);
    await database.query('ANALYZE fingerprints');
    await compare('blank', 10, () => BLANK);
    await fill(database, 'many', MANY, 'own');
    await fill(database, 'blank', MANY / 2, 'blank');
  });
  afterAll(async () => {
    await session.close();
    await database?.drop();
  });

  /** Compares assets. Returns the scans of the whole table and the rows read, for all assets together. */
  async function compare(owner: string, count: number, prints: (index: number) => Fingerprints) {
    const store = createFingerprintStore(session);
    const ids = await insertAssets(database, owner, count);
    const before = await readCounters();
    for (const [index, id] of ids.entries()) await store.compare('', id, prints(index));
    const after = await readCounters();
    return { scans: after.scans - before.scans, rows: after.rows - before.rows };
  }

  async function readCounters(): Promise<{ scans: number; rows: number }> {
    await runText(session, 'SELECT pg_stat_force_next_flush()');
    const [row] = await runText<{ scans: string; rows: string }>(
      session,
      `SELECT seq_scan AS scans, seq_tup_read + idx_tup_fetch AS rows
       FROM pg_stat_user_tables WHERE relname = 'fingerprints'`,
      [],
    );
    return { scans: Number(row?.scans), rows: Number(row?.rows) };
  }

  describe.each(['old', 'new'])('with statistics that are %s', (age) => {
    beforeAll(async () => {
      if (age === 'new') await database.query('ANALYZE fingerprints');
    });

    it(`find what is near among ${MANY} without a scan`, async () => {
      const { scans, rows } = await compare('many', 20, printsOf);
      expect(scans).toBe(0);
      // 68 values of 65,536 find about a hundred of them.
      expect(rows / 20).toBeLessThan(150);
    });

    it(`walk no more rows for the ${MANY / 2}th blank picture than for the second`, async () => {
      const { scans, rows } = await compare('blank', 20, () => ({ ...BLANK, size: null }));
      expect(scans).toBe(0);
      expect(rows / 20).toBeLessThan(20);
    });

    it('give the sizes of the last thousand only', async () => {
      const { scans, rows } = await compare('many', 20, () => ({ size: 800 }));
      expect(scans).toBe(0);
      expect(rows / 20).toBeLessThan(1_010);
    });
  });
});
