import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Earlier } from '../../../../../src/domain/image-facts.ts';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { createFingerprintStore } from '../../../../../src/db/fingerprints/fingerprint-store.ts';
import { FINGERPRINTS_LOCK } from '../../../../../src/db/migrations/0007-fingerprints.ts';
import { openDatabase } from '../../../../../src/db/orm.ts';
import { query } from '../../../../../src/db/query.ts';
import { MAX_NEAR_DISTANCE } from '../../../../../src/domain/measures.ts';
import type { Fingerprints, FingerprintStore } from '../../../../../src/domain/ports/fingerprints.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';
import { distanceOf, enterAll, flip, hexOf, insertAssets } from '../../../../support/images/fingerprints.ts';

const NONE: Earlier = { exact: null, near: [], sizes: null };

const lookOf = (text: string) => hexOf(text).slice(0, 16);
const printsOf = (pixels: string, perceptualHash: string): Fingerprints => ({
  size: null,
  pixelHash: hexOf(pixels),
  perceptualHash,
});

describe('the fingerprints of earlier assets', () => {
  let database: TestDatabase;
  let store: FingerprintStore;

  beforeAll(async () => {
    database = await cloneDatabase();
    store = createFingerprintStore(database.orm);
  });
  afterAll(() => database?.drop());

  const compare = (id: string | undefined, prints: Fingerprints): Promise<Earlier> =>
    store.compare('', id ?? '', prints);

  it('name the first asset with the very same pixels, however many have them', async () => {
    const [first, second, third, other] = await insertAssets(database, 'exact', 4);
    const prints = { size: null, pixelHash: hexOf('same') };
    expect(await compare(first, prints)).toEqual(NONE);
    expect(await compare(second, prints)).toEqual({ ...NONE, exact: first, exactPath: 'x' });
    expect(await compare(third, prints)).toEqual({ ...NONE, exact: first, exactPath: 'x' });
    expect(await compare(other, { size: null, pixelHash: hexOf('other') })).toEqual(NONE);
  });

  it('leave connections to others, however many comparisons of one tenant wait', async () => {
    const [asset = ''] = await insertAssets(database, 'quick', 1);
    const crowd = await insertAssets(database, 'slow', 8);
    const pool = await openDatabase({ url: database.url, poolMax: 4 });
    // Opens all connections, because a busy machine takes long for each.
    await Promise.all([1, 2, 3, 4].map(() => query(pool, (db) => sql`SELECT 1`.execute(db))));
    const [locked, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = query(database.orm, (db) =>
      db.transaction().execute(async (transaction) => {
        await sql`SELECT pg_advisory_xact_lock(${FINGERPRINTS_LOCK}, hashtext('slow'))`.execute(transaction);
        locked.resolve();
        await mayEnd.promise;
      }),
    );
    await locked.promise;
    const there = createFingerprintStore(pool);
    const prints = printsOf('crowd', lookOf('crowd'));
    const slow = Promise.allSettled(crowd.map((id) => there.compare('slow', id, prints)));
    const quick = await there.compare('quick', asset, prints).finally(mayEnd.resolve);
    expect(quick).toEqual(NONE);
    await Promise.all([holding, slow]);
    await pool.close();
  });

  it('forget a deleted asset; the next one with its look takes its place', async () => {
    const look = lookOf('deleted');
    const ids = await enterAll(database, 'deleted', [
      printsOf('1', look),
      printsOf('2', look),
      printsOf('3', look),
    ]);
    await database.query('DELETE FROM assets WHERE id = ?', [ids[0]]);
    const [probe] = await insertAssets(database, 'deleted', 1);
    const { near, exact } = await compare(probe, printsOf('1', look));
    expect(exact).toBeNull();
    expect(near.map(({ assetId }) => assetId)).toEqual([ids[1]]);
  });

  it('name the five nearest by distance and then by age, without exact duplicates and repeated looks', async () => {
    const look = lookOf('centre');
    const bits = [
      [1, 2, 3, 4, 5, 6],
      [1, 17],
      [1, 2, 3],
      [33, 49],
      [],
      [1, 2, 3, 4, 5, 6, 7, 8],
      [1, 17],
      [60],
    ];
    const ids = await enterAll(
      database,
      'order',
      bits.map((flipped, index) => printsOf(`${index}`, flip(look, flipped))),
    );
    const [self, again] = await insertAssets(database, 'order', 2);
    const { near } = await compare(self, printsOf('none of them', look));
    expect(near.map(({ assetId }) => ids.indexOf(assetId))).toEqual([4, 7, 1, 3, 2]);
    expect(near.map(({ distance }) => distance)).toEqual([0, 1, 2, 2, 3]);
    const { near: others } = await compare(again, printsOf('4', look));
    expect(others.map(({ assetId }) => ids.indexOf(assetId))).toEqual([7, 1, 3, 2, 0]);
  });

  describe('among five thousand', () => {
    const prints = cloud(5_000);
    let ids: string[];

    beforeAll(async () => {
      ids = await enterAll(database, 'search', prints);
    });

    it('are found as if searched one by one, at every distance', async () => {
      const asked = cloud(6_000).slice(5_000, 5_320);
      const selves = await insertAssets(database, 'search', asked.length);
      const distances = new Set<number>();
      for (const [index, mine] of asked.entries()) {
        const { near } = await compare(selves[index], mine);
        expect(near).toEqual(searchAll(ids, prints, mine));
        for (const { distance } of near) distances.add(distance);
        ids.push(selves[index] ?? '');
        prints.push(mine);
      }
      expect(distances).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
    });
  });

  it('are those of one tenant', async () => {
    const [mine, again] = await insertAssets(database, 'anna', 2);
    const [others] = await insertAssets(database, 'bob', 1);
    const prints = { ...printsOf('tenants', lookOf('tenants')), size: 100 };
    await compare(others, prints);
    expect(await compare(mine, prints)).toEqual(NONE);
    expect(await compare(again, prints)).toMatchObject({ exact: mine, sizes: { count: 1 } });
  });

  it('give the quartiles of the last thousand sizes', async () => {
    await enterAll(
      database,
      'sizes',
      Array.from({ length: 1_500 }, (_, index) => ({ size: index < 500 ? 9_000 : index - 499 })),
    );
    const [self] = await insertAssets(database, 'sizes', 1);
    expect((await compare(self, { size: 1 })).sizes).toEqual({ q1: 250.75, q3: 750.25, count: 1_000 });
  });

  it('compare only by the measures that are given', async () => {
    const [first, second, third] = await insertAssets(database, 'parts', 3);
    const whole = { ...printsOf('parts', lookOf('parts')), size: 100 };
    await compare(first, whole);
    expect(await compare(second, { size: null })).toEqual(NONE);
    expect(await compare(third, { size: null, perceptualHash: lookOf('parts') })).toEqual({
      ...NONE,
      near: [{ assetId: first, distance: 0, path: 'x' }],
    });
  });

  it('are compared with all that is known, and kept as far as the policy of the asset compares', async () => {
    const [first, second, third] = await insertAssets(database, 'kept', 3);
    const prints = { ...printsOf('kept', lookOf('kept')), size: 100 };
    const { pixelHash = '', perceptualHash = '' } = prints;
    await store.compare('', first ?? '', prints, { size: null, pixelHash });
    expect(await store.compare('', second ?? '', prints, { size: 100 })).toEqual({
      exact: first,
      exactPath: 'x',
      near: [],
      sizes: null,
    });
    expect(await compare(third, { size: 50, perceptualHash })).toEqual({
      ...NONE,
      sizes: { q1: 100, q3: 100, count: 1 },
    });
  });

  it('keep the size that an entry has, and its place, if its policy compares no sizes', async () => {
    const [first, second] = await insertAssets(database, 'old sizes', 2);
    const prints = { ...printsOf('old sizes', lookOf('old sizes')), size: 100 };
    await compare(first, prints);
    await compare(second, prints);
    const { pixelHash = '', perceptualHash = '' } = prints;
    const kept = { size: null, pixelHash, perceptualHash };
    expect(await store.compare('', first ?? '', prints, kept)).toEqual(NONE);
    expect(await store.compare('', second ?? '', prints, kept)).toMatchObject({ exact: first });
  });

  it('give the same answer again, whatever was entered since', async () => {
    const [first, second, third] = await insertAssets(database, 'again', 3);
    const prints = { ...printsOf('again', lookOf('again')), size: 100 };
    const answers = [await compare(first, prints), await compare(second, prints)];
    await compare(third, prints);
    expect([await compare(first, prints), await compare(second, prints)]).toEqual(answers);
    expect(answers).toMatchObject([NONE, { exact: first, sizes: { count: 1 } }]);
  });

  it('move to the end when a file changes, and leave their place to the next asset', async () => {
    const [first, second, third, fourth] = await insertAssets(database, 'changed', 4);
    const [before, after] = [printsOf('before', lookOf('before')), printsOf('after', lookOf('after'))];
    await compare(first, before);
    await compare(second, before);
    await compare(third, after);
    expect(await compare(first, after)).toMatchObject({ exact: third });
    expect(await compare(second, before)).toEqual(NONE);
    const alike = printsOf('alike', flip(lookOf('before'), [1]));
    expect(await compare(fourth, alike)).toEqual({
      ...NONE,
      near: [{ assetId: second, distance: 1, path: 'x' }],
    });
  });

  describe('of a file that was submitted before', () => {
    const name = (id: string | undefined, path: string) =>
      database.query('UPDATE assets SET path = ? WHERE id = ?', [path, id]);
    const file = (pixels: string, look: string, content = pixels) => ({
      ...printsOf(pixels, look),
      size: 100,
      sha256: hexOf(content),
    });

    it('give the answer of its first entry, and the sizes before its own', async () => {
      const [before, first, other, again, copy] = await insertAssets(database, 'same file', 5);
      const look = lookOf('same file');
      await name(before, 'before.jpg');
      await name(other, 'other.jpg');
      await name(copy, 'copy.jpg');
      await compare(before, file('before', flip(look, [1, 2])));
      const near = [{ assetId: before, distance: 2, path: 'before.jpg' }];
      expect(await compare(first, file('same', look))).toEqual({
        exact: null,
        near,
        sizes: expect.anything(),
      });
      // Neither an exact duplicate of the first entry nor a nearer picture counts against the same file.
      expect(await compare(other, file('same', look))).toMatchObject({ exact: first, exactPath: 'x' });
      expect(await compare(again, file('same', look))).toMatchObject({
        exact: null,
        near,
        // Not its own, of the first entry.
        sizes: { count: 2 },
      });
      expect(await compare(copy, file('same', look))).toMatchObject({ exact: first });
    });

    it('are those of the place where it lies, however its path is spelled', async () => {
      const [first, again, elsewhere, copy] = await insertAssets(database, 'spellings', 4);
      const prints = file('spelled', lookOf('spelled'));
      await name(first, './a.jpg');
      await name(again, 'a.jpg');
      await name(elsewhere, '/roots/other/a.jpg');
      await name(copy, './a.jpg');
      const place = '/roots/a.jpg';
      await compare(first, { ...prints, place });
      expect(await compare(again, { ...prints, place })).toMatchObject({ exact: null, near: [] });
      expect(await compare(elsewhere, { ...prints, place: '/roots/other/a.jpg' })).toMatchObject({
        exact: first,
      });
      // The base of relative paths may be another one by now.
      expect(await compare(copy, { ...prints, place: '/moved/a.jpg' })).toMatchObject({ exact: first });
    });

    it('are those of the path as it was submitted, if a worker of the version before entered it', async () => {
      const [first, again] = await insertAssets(database, 'older spelling', 2);
      const prints = file('unspelled', lookOf('unspelled'));
      await compare(first, prints);
      expect(await compare(again, { ...prints, place: '/roots/x' })).toMatchObject({ exact: null });
    });

    it('count once among the sizes', async () => {
      const [other, ...again] = await insertAssets(database, 'often', 5);
      await name(other, 'other.jpg');
      for (const id of again) await compare(id, { ...file('often', lookOf('often')), size: 300 });
      const prints = { ...file('another', lookOf('another')), size: 100 };
      expect(await compare(other, prints)).toMatchObject({ sizes: { q1: 300, q3: 300, count: 1 } });
    });

    it('are compared with it if its content is new, though its pixels are not', async () => {
      const [first, again] = await insertAssets(database, 'changed file', 2);
      await compare(first, file('pixels', lookOf('pixels')));
      const changed = file('pixels', lookOf('pixels'), 'other metadata');
      expect(await compare(again, changed)).toMatchObject({ exact: first });
    });

    it('are those of its own tenant', async () => {
      const [theirs] = await insertAssets(database, 'file of one', 1);
      const [first, copy, again] = await insertAssets(database, 'file of another', 3);
      const prints = file('theirs', lookOf('theirs'));
      await compare(theirs, prints);
      await name(first, 'first.jpg');
      await compare(first, prints);
      expect(await compare(copy, prints)).toMatchObject({ exact: first });
      expect(await compare(again, prints)).toMatchObject({ exact: first });
    });

    it('take its place if it ends as failed', async () => {
      const [first, again, copy] = await insertAssets(database, 'failed file', 3);
      const prints = file('failed', lookOf('failed'));
      await name(copy, 'copy.jpg');
      await compare(first, prints);
      await compare(again, prints);
      await database.query(
        `UPDATE assets SET state = 'failed', finished_at = now(), errors = '{}'::json WHERE id = ?`,
        [first],
      );
      expect(await compare(copy, prints)).toMatchObject({ exact: again });
      expect(await compare(again, prints)).toMatchObject({ exact: null });
    });

    it('stay in place when a newer worker adds the file to the entry of an older one', async () => {
      const [first, copy] = await insertAssets(database, 'older worker', 2);
      const prints = file('older', lookOf('older'));
      await database.query(
        `SELECT enter_fingerprint(?::uuid, 100::float8, decode(?, 'hex'), ('x' || ?)::bit(64)::bigint)`,
        [first, prints.pixelHash, prints.perceptualHash],
      );
      expect(await compare(copy, prints)).toMatchObject({ exact: first });
      expect(await compare(first, prints)).toMatchObject({ exact: null });
    });
  });

  it('report all but one of twenty that come at once as duplicates', async () => {
    // A pause after the entry, so that the others search while it is not committed.
    await database.query(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$`);
    await database.query(
      'CREATE TRIGGER dawdle AFTER INSERT ON fingerprints FOR EACH ROW EXECUTE FUNCTION dawdle()',
    );
    const ids = await insertAssets(database, 'crowd', 20);
    const elsewhere = await openDatabase({ url: database.url, poolMax: 5 });
    const there = createFingerprintStore(elsewhere);
    const prints = printsOf('crowd', lookOf('crowd'));
    const answers = await Promise.all(
      ids.map((id, index) => (index % 2 === 0 ? store : there).compare('', id, prints)),
    );
    await elsewhere.close();
    await database.query('DROP TRIGGER dawdle ON fingerprints');
    const first = ids[answers.findIndex(({ exact }) => exact === null)];
    expect(first).toBeDefined();
    expect(answers.filter(({ exact }) => exact === first)).toHaveLength(19);
    const looks = await database.query(`SELECT FROM fingerprints WHERE owner = 'crowd' AND first_of_look`);
    expect(looks).toHaveLength(1);
  });

  describe('of an asset that ends', () => {
    const end = (id: string | undefined, state: string) =>
      database.query(
        `UPDATE assets SET state = ?, finished_at = now(), errors = CASE WHEN ? = 'failed' THEN '{}'::json END WHERE id = ?`,
        [state, state, id],
      );

    it.each(['failed', 'canceled'])(
      '%s, are withdrawn, and the next asset takes their place',
      async (state) => {
        const prints = { ...printsOf(state, lookOf(state)), size: 100 };
        const [first, second, third, fourth] = await insertAssets(database, `ends ${state}`, 4);
        await compare(first, prints);
        expect(await compare(second, prints)).toMatchObject({ exact: first });
        await end(first, state);
        expect(await compare(third, prints)).toMatchObject({ exact: second, sizes: { count: 1 } });
        const alike = printsOf('alike', flip(lookOf(state), [1]));
        expect(await compare(fourth, alike)).toMatchObject({ near: [{ assetId: second, distance: 1 }] });
      },
    );

    it.each([
      ['once more without a comparison, are withdrawn', null, null],
      ['once more as it ended before, stand', '{"earlier":{}}', 'first'],
    ])('complete, %s', async (title, image, found) => {
      const prints = printsOf(title, lookOf(title));
      const [first, second] = await insertAssets(database, title, 2);
      await compare(first, prints);
      await end(first, 'complete');
      await database.query(
        `UPDATE assets SET state = 'queued', finished_at = NULL, attempt = 2, image = ? WHERE id = ?`,
        [image, first],
      );
      await end(first, 'complete');
      expect((await compare(second, prints)).exact).toBe(found === null ? null : first);
    });

    it('complete, stay', async () => {
      const prints = printsOf('well', lookOf('well'));
      const [first, second] = await insertAssets(database, 'ends well', 2);
      await compare(first, prints);
      await end(first, 'complete');
      expect(await compare(second, prints)).toMatchObject({ exact: first });
    });

    it('by a request, which sees no fingerprints, are withdrawn too', async () => {
      const prints = printsOf('request', lookOf('request'));
      const [first, second] = await insertAssets(database, 'ends by request', 2);
      await compare(first, prints);
      await end(first, 'complete');
      const requests = await openDatabase({ url: database.url, poolMax: 1, sees: 'tenant' });
      const assets = createAssetStore(requests, () => undefined);
      await assets.retry('ends by request', first ?? '');
      expect(await assets.requestCancel('ends by request', first ?? '', null)).toBe('canceled');
      await requests.close();
      expect(await compare(second, prints)).toEqual(NONE);
    });
  });

  it('refuse an asset that does not exist', async () => {
    await expect(compare('00000000-0000-7000-8000-000000000000', { size: 1 })).rejects.toMatchObject({
      code: 'internal',
    });
  });
});

/** Hashes at random, and clusters whose members are up to nine bits from their centre, some of them copies. */
function cloud(count: number): Fingerprints[] {
  return Array.from({ length: count }, (_, index) => {
    if (index % 2 === 0) return printsOf(`${index}`, lookOf(`${index}`));
    const bytes = Buffer.from(hexOf(`bits of ${index}`), 'hex');
    const bits = [...bytes.subarray(1, 1 + ((bytes[0] ?? 0) % 10))].map((byte) => byte % 64);
    return printsOf(`${index - (index % 5)}`, flip(lookOf(`centre ${index % 61}`), bits));
  });
}

/** The assets that the store has to find, searched one by one. */
function searchAll(
  ids: readonly string[],
  prints: readonly Fingerprints[],
  mine: Fingerprints,
): Earlier['near'] {
  const firsts = new Map<string, Fingerprints & { assetId: string }>();
  for (const [index, print] of prints.entries()) {
    const look = print.perceptualHash ?? '';
    if (!firsts.has(look)) firsts.set(look, { ...print, assetId: ids[index] ?? '' });
  }
  return [...firsts]
    .filter(([, { pixelHash }]) => pixelHash !== mine.pixelHash)
    .map(([look, { assetId }]) => ({
      assetId,
      distance: distanceOf(look, mine.perceptualHash ?? ''),
      path: 'x',
    }))
    .filter(({ distance }) => distance <= MAX_NEAR_DISTANCE)
    .sort((one, other) => one.distance - other.distance)
    .slice(0, 5);
}
