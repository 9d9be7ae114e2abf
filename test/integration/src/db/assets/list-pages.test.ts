import type { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { openDatabase } from '../../../../../src/db/orm.ts';
import type { AssetFilter } from '../../../../../src/domain/ports/assets.ts';
import { cloneDatabase, runText, type TestDatabase } from '../../../../support/database.ts';

const MANY = 60_000;
const LIMIT = 50;
/** Of each rare kind. */
const FEW = 60;
const START_MS = Date.parse('2026-01-01T00:00:00Z');
const EVERY_MS = 5_000;
const timeOf = (place: number) => new Date(START_MS + place * EVERY_MS);

/** The oldest assets are of rare kinds, so that a walk from the newest one would read all of them. */
const RARE: Readonly<Record<string, AssetFilter>> = {
  state: { state: 'in_progress' },
  code: { code: 'blurry' },
  'code of a warning': { code: 'near_duplicate' },
  policy: { policy: 'catalogue@2' },
  path: { path: './rare/' },
  externalId: { externalId: 'mine' },
};

const COMMON: Readonly<Record<string, AssetFilter>> = {
  state: { state: 'complete' },
  code: { code: 'not_an_image' },
  'code of a later finding': { code: 'too_light' },
  'code in a state until a time': { code: 'too_light', state: 'failed', until: timeOf(MANY / 2) },
  policy: { policy: 'default@1' },
  path: { path: './common/' },
  source: { source: 'local' },
  since: { since: timeOf(MANY / 2) },
  until: { until: timeOf(MANY / 2) },
  'since and until': { since: timeOf(MANY / 2 - 1000), until: timeOf(MANY / 2) },
  'a state until a time': { state: 'failed', until: timeOf(MANY / 2) },
};

describe(`pages of a list of ${MANY} assets`, () => {
  let database: TestDatabase;
  /** One session as requests have it, so that its reads are counted. */
  let session: MikroORM;

  beforeAll(async () => {
    database = await cloneDatabase();
    session = await openDatabase({ url: database.url, poolMax: 1, sees: 'tenant' });
    const setup = await openDatabase({ url: database.url, poolMax: 1 });
    await runText(
      setup,
      `INSERT INTO assets (id, owner, state, location, path, run_id, policy_name, policy_version, external_id, errors,
         findings, created_at, finished_at)
       SELECT (lpad(to_hex(time_ms), 12, '0') || '70008000000000000001')::uuid, owner, state,
         CASE WHEN kind = 5 THEN 'http' ELSE 'local' END,
         CASE WHEN kind = 3 THEN './rare/' ELSE './common/' END || place, 'run',
         CASE WHEN kind = 2 THEN 'catalogue' END, CASE WHEN kind = 2 THEN 2 END, CASE WHEN kind = 4 THEN 'mine' END,
         CASE WHEN state = 'failed' THEN '{}'::json END,
         CASE WHEN state = 'failed' THEN json_build_array(
           json_build_object('code', CASE WHEN kind = 1 THEN 'near_duplicate' ELSE 'too_dark' END, 'severity', 'warning'),
           json_build_object('code', CASE WHEN kind = 1 THEN 'blurry' ELSE 'not_an_image' END),
           json_build_object('code', 'too_light', 'message', E'\\u0001')) END,
         to_timestamp(time_ms / 1000), CASE WHEN state <> 'in_progress' THEN now() END
       FROM (
         SELECT *, CASE WHEN kind = 0 THEN 'in_progress' WHEN kind = 1 OR place % 10 = 0 THEN 'failed' ELSE 'complete' END AS state
         FROM (SELECT owner, place, place / ${FEW} AS kind, ${START_MS} + place * ${EVERY_MS}::bigint AS time_ms
               FROM (VALUES ('large', ${MANY} - 1), ('small', -1)) AS tenants (owner, last), generate_series(0, last) AS place
         ) AS placed
       ) AS made`,
    );
    await runText(setup, 'UPDATE assets SET findings = findings WHERE findings IS NOT NULL');
    await runText(setup, 'VACUUM FULL ANALYZE assets');
    await runText(setup, 'VACUUM ANALYZE asset_codes');
    // Otherwise Postgres might count these reads only while a test counts its own.
    await runText(setup, 'SELECT pg_stat_force_next_flush()');
    await setup.close();
  });
  afterAll(async () => {
    await session.close();
    await database?.drop();
  });

  /** Reads the first two pages. Returns the rows of `assets` that this read. */
  async function readTwoPages(filter: AssetFilter) {
    const assets = createAssetStore(session, () => undefined);
    const before = await countReads();
    const first = await assets.page('large', filter, { limit: LIMIT });
    const second = await assets.page('large', filter, { limit: LIMIT, before: first.at(-1)?.id });
    return { items: [...first, ...second], read: (await countReads()) - before };
  }

  async function countReads(): Promise<number> {
    await runText(session, 'SELECT pg_stat_force_next_flush()');
    const [row] = await database.query<{ read: string }>(
      `SELECT sum(seq_tup_read + idx_tup_fetch) AS read FROM pg_stat_user_tables WHERE relname IN ('assets', 'asset_codes')`,
    );
    return Number(row?.read);
  }

  it.each(Object.entries(RARE))('find a rare %s without a walk through the others', async (_what, filter) => {
    const { items, read } = await readTwoPages(filter);
    expect(items).toHaveLength(FEW);
    expect(items.map(({ id }) => id)).toEqual(
      items
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
    // A rare path is sorted by time, so each page reads all of them.
    expect(read).toBeLessThanOrEqual(3 * FEW);
  });

  it.each(Object.entries(COMMON))('give a common %s from the newest on', async (_what, filter) => {
    const { items, read } = await readTwoPages(filter);
    expect(new Set(items.map(({ id }) => id)).size).toBe(2 * LIMIT);
    // Each tenth has failed. Besides the items: those of the minutes by which clocks may differ.
    expect(read).toBeLessThan(2 * (10 * LIMIT + 250));
  });

  it('cost no entry of their own for assets that pass under the default policy', async () => {
    const entriesOf = async (name: string) => {
      const [row] = await database.query<{ entries: number }>(
        'SELECT reltuples AS entries FROM pg_class WHERE relname = ?',
        [name],
      );
      return row?.entries;
    };
    // Each tenth has failed, with three findings. Postgres estimates these numbers from a sample.
    expect(await entriesOf('asset_codes')).toBeLessThan((3 * MANY) / 8);
    expect(await entriesOf('assets_by_named_policy')).toBeLessThan(2 * FEW);
  });

  it('give all assets of a rare source, and no others, although no index finds them', async () => {
    const { items } = await readTwoPages({ source: 'http' });
    expect(items).toHaveLength(FEW);
    expect(items[0]?.createdAt).toEqual(timeOf(6 * FEW - 1));
    expect(items.at(-1)?.createdAt).toEqual(timeOf(5 * FEW));
  });

  it('bound the time of creation exactly, the first time included and the last not', async () => {
    const assets = createAssetStore(session, () => undefined);
    const filter = { since: timeOf(500), until: timeOf(503) };
    const page = await assets.page('large', filter, { limit: LIMIT });
    expect(page.map(({ createdAt }) => createdAt)).toEqual([timeOf(502), timeOf(501), timeOf(500)]);
  });

  it('show the code of the first finding that fails the asset', async () => {
    const assets = createAssetStore(session, () => undefined);
    const [item] = await assets.page('large', { code: 'blurry' }, { limit: 1 });
    expect(item).toMatchObject({
      state: 'failed',
      code: 'blurry',
      policy: 'default@1',
      externalId: null,
      labels: {},
    });
  });

  it('find an asset by the code of any finding of its last attempt', async () => {
    const assets = createAssetStore(session, () => undefined);
    const id = await assets.accept('codes', {
      assetPath: { location: 'local', path: './a.jpg' },
      notifications: {},
    });
    const end = (state: string, findings: readonly object[]) =>
      database.query(
        `UPDATE assets SET state = ?, run_id = 'run', finished_at = now(), findings = ?::json,
           errors = CASE WHEN ? = 'failed' THEN '{}'::json END WHERE id = ?`,
        [state, JSON.stringify(findings), state, id],
      );
    const codes = ['format_not_allowed', 'blurry', 'too_dark'] as const;
    const finding = async () => {
      const pages = codes.map((code) => assets.page('codes', { code }, { limit: 10 }));
      return (await Promise.all(pages)).map((items) => items.map((item) => item.code));
    };
    await end('failed', [{ code: 'format_not_allowed' }, { code: 'blurry' }, { code: 'blurry' }]);
    expect(await finding()).toEqual([['format_not_allowed'], ['format_not_allowed'], []]);
    expect(await assets.retry('codes', id)).toBe('queued');
    expect(await finding()).toEqual([[], [], []]);
    await end('complete', [{ code: 'too_dark', severity: 'warning' }]);
    expect(await finding()).toEqual([[], [], [null]]);
    expect(await assets.delete('codes', id)).toEqual({ uploadId: null });
    expect(await finding()).toEqual([[], [], []]);
  });

  it('take a path as it is: of any length, with characters that patterns have', async () => {
    const assets = createAssetStore(session, () => undefined);
    const long = `./${'ü'.repeat(2_000)}`;
    const paths = ['./a%b', './aXb', './a_b', './a\u{10FFFF}b', `${long}/1`, `${long}/2`];
    for (const path of paths)
      await assets.accept('odd', { assetPath: { location: 'local', path }, notifications: {} });
    const found = async (path: string) =>
      (await assets.page('odd', { path }, { limit: 10 })).map((item) => item.path).reverse();
    expect(await found('./a')).toEqual(paths.slice(0, 4));
    expect(await found('./a%')).toEqual(['./a%b']);
    expect(await found('./a_')).toEqual(['./a_b']);
    expect(await found(long)).toEqual(paths.slice(4));
    expect(await found(`${long}/2`)).toEqual([`${long}/2`]);
    expect(await found(`${long}/3`)).toEqual([]);
  });
});
