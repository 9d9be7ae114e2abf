import type { MikroORM } from '@mikro-orm/postgresql';
import { CompiledQuery, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../../../src/db/assets/asset-store.ts';
import { createDeliveryLog } from '../../../../src/db/deliveries/delivery-log.ts';
import { createDeliveryStore } from '../../../../src/db/deliveries/delivery-store.ts';
import { Delivery } from '../../../../src/db/delivery-entities.ts';
import { Asset } from '../../../../src/db/entities.ts';
import { createKeyStore } from '../../../../src/db/keys/key-store.ts';
import { openDatabase } from '../../../../src/db/orm.ts';
import { createPolicyStore } from '../../../../src/db/policies/policy-store.ts';
import { query, queryAsTenant } from '../../../../src/db/query.ts';
import { createValidationStore } from '../../../../src/db/assets/validation-store.ts';
import { makeApiKey } from '../../../../src/domain/api-key.ts';
import { policyRules } from '../../../../src/domain/policy.ts';
import { acceptOnce } from '../../../support/assets/accept-once.ts';
import { cloneDatabase, runText, type TestDatabase } from '../../../support/database.ts';

const ignore = () => undefined;
const submission = {
  assetPath: { location: 'local', path: './assets/rocket.jpg' },
  notifications: { onStart: 'https://receiver.example/hook', onCancel: 'https://receiver.example/hook' },
} as const;

/** Every table whose rows belong to a tenant, with its condition for one tenant. */
const TABLES = {
  assets: 'owner = $1',
  deliveries: 'owner = $1',
  endpoints: 'owner = $1',
  idempotency_keys: 'owner = $1',
  api_keys: 'owner = $1',
  policies: 'owner = $1',
  attempts: 'owner = $1',
  asset_codes: 'owner = $1',
  delivery_tries: 'delivery_id IN (SELECT id FROM deliveries WHERE owner = $1)',
};

/** SQLSTATE of insufficient privilege, which a violated policy has too. */
const REFUSED = { cause: { message: expect.stringContaining('SQLSTATE 42501') as string } };

interface Belongings {
  readonly assetId: string;
  readonly deliveryId: string;
  readonly endpointId: string;
  readonly keyId: string;
}

describe('tenants in the database', () => {
  let database: TestDatabase;
  /** The pool that requests get: as the role of tenants. */
  let requests: MikroORM;
  let of: { readonly anna: Belongings; readonly bob: Belongings };

  beforeAll(async () => {
    database = await cloneDatabase();
    requests = await openDatabase({ url: database.url, poolMax: 3, sees: 'tenant' });
    of = { anna: await furnish('anna'), bob: await furnish('bob') };
  });
  afterAll(async () => {
    await requests.close();
    await database?.drop();
  });

  it('leave connections to others, however many of their statements take long', async () => {
    const pool = await openDatabase({ url: database.url, poolMax: 4, sees: 'tenant' });
    const [locked, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = query(database.orm, (db) =>
      db.transaction().execute(async (transaction) => {
        await sql`SELECT pg_advisory_xact_lock(1)`.execute(transaction);
        locked.resolve();
        await mayEnd.promise;
      }),
    );
    await locked.promise;
    const slow = Array.from({ length: 8 }, () =>
      queryAsTenant(pool, 'anna', (db) => sql`SELECT pg_advisory_xact_lock(1)`.execute(db)),
    );
    const ended = Promise.allSettled(slow);
    const quick = await queryAsTenant(pool, 'bob', (db) =>
      sql<{ one: number }>`SELECT 1 AS one`.execute(db),
    ).finally(mayEnd.resolve);
    expect(quick.rows).toEqual([{ one: 1 }]);
    await Promise.all([holding, ended]);
    await pool.close();
  });

  /** Runs a statement as a request would. */
  async function runAs(tenant: string, text: string, params: readonly string[] = []) {
    const run = CompiledQuery.raw(text, [...params]);
    return (await queryAsTenant(requests, tenant, (db) => db.executeQuery(run))).rows;
  }

  /** One row of everything, written as the product writes it. */
  async function furnish(tenant: string): Promise<Belongings> {
    const assetId = (await acceptOnce(createAssetStore(requests, ignore), tenant, submission, 'one')) ?? '';
    const owner = { assetId, runId: `run-of-${tenant}` };
    const claim = await createValidationStore(database.orm, ignore).claim(owner, 1);
    if (claim.outcome !== 'owned' || claim.send === null) throw new Error('no delivery');
    const { deliveryId } = claim.send;
    const deliveries = createDeliveryStore(database.orm, { endpointsMax: 10 });
    await deliveries.createEndpoint(deliveryId, Buffer.from('sealed'));
    const delivery = await deliveries.findPending(deliveryId);
    if (delivery === null) throw new Error('not pending');
    const answer = {
      status: 500,
      durationMs: 1,
      error: 'http_500',
      reason: null,
      excerpt: `for ${tenant}`,
    };
    await deliveries.recordTry(delivery, answer, 'failed', 'rejected');
    const { id: keyId, hash } = makeApiKey(Buffer.alloc(40, tenant));
    await createKeyStore(requests).create(tenant, {
      id: keyId,
      hash,
      name: 'x',
      scopes: ['admin'],
      expiresInDays: null,
    });
    await createPolicyStore(requests).add(tenant, `of-${tenant}`, policyRules.parse({ alpha: {} }));
    // The trigger keeps the attempt before.
    await database.query('UPDATE assets SET attempt = attempt + 1 WHERE id = ?', [assetId]);
    await database.query(`UPDATE assets SET findings = '[{"code": "blurry"}]' WHERE id = ?`, [assetId]);
    return { assetId, deliveryId, endpointId: delivery.endpointId, keyId };
  }

  it.each(Object.entries(TABLES))(
    'has Postgres show only the rows of one tenant in %s',
    async (table, isOwn) => {
      const count = async (tenant: string, condition = 'true', params: string[] = []) =>
        (await runAs(tenant, `SELECT 1 AS one FROM ${table} WHERE ${condition}`, params)).length;
      expect(await count('anna')).toBe(1);
      expect(await count('anna', isOwn, ['anna'])).toBe(1);
      expect(await count('anna', isOwn, ['bob'])).toBe(0);
      expect(await count('nobody')).toBe(0);
      expect(await runText(database.orm, `SELECT 1 AS one FROM ${table}`)).toHaveLength(2);
    },
  );

  it('shows rows of one tenant only in the view of the list, also to the owner of the tables', async () => {
    for (const tenant of ['anna', 'bob']) {
      for (const orm of [requests, database.orm]) {
        const rows = await queryAsTenant(orm, tenant, (db) =>
          db.executeQuery<{ owner: string }>(CompiledQuery.raw('SELECT owner FROM listed_assets')),
        );
        expect(rows.rows).toEqual([{ owner: tenant }]);
      }
    }
    for (const orm of [requests, database.orm])
      expect(await runText(orm, 'SELECT owner FROM listed_assets')).toEqual([]);
  });

  it.each(Object.keys(TABLES))('has Postgres show no row of %s if no tenant is set', async (table) => {
    // First on a fresh connection, then on one that served a tenant.
    for (let i = 0; i < 8; i += 1) {
      expect(await runText(requests, `SELECT 1 AS one FROM ${table}`)).toEqual([]);
      await runAs('anna', `SELECT 1 AS one FROM ${table}`);
    }
  });

  it.each(['assets', 'deliveries', 'endpoints', 'idempotency_keys', 'api_keys'])(
    'has Postgres refuse to give rows of %s away, and to take or delete others',
    async (table) => {
      await expect(runAs('anna', `UPDATE ${table} SET owner = 'bob'`)).rejects.toMatchObject(REFUSED);
      expect(
        await runAs('anna', `UPDATE ${table} SET owner = owner WHERE owner = 'bob' RETURNING 1 AS one`),
      ).toEqual([]);
      if (table === 'assets')
        expect(await runAs('anna', `DELETE FROM assets WHERE owner = 'bob' RETURNING 1 AS one`)).toEqual([]);
      else await expect(runAs('anna', `DELETE FROM ${table}`)).rejects.toMatchObject(REFUSED);
    },
  );

  it('lets requests read earlier attempts and codes, and not change them', async () => {
    for (const text of [
      `UPDATE attempts SET state = 'complete'`,
      'DELETE FROM attempts',
      `UPDATE asset_codes SET code = 'too_dark'`,
      'DELETE FROM asset_codes',
    ])
      await expect(runAs('anna', text)).rejects.toMatchObject(REFUSED);
  });

  it.each(['workers', 'reconcile_mark', 'fingerprints', 'tenants', 'migrations'])(
    'keeps %s from requests',
    async (table) => {
      await expect(runAs('anna', `SELECT 1 AS one FROM ${table}`)).rejects.toMatchObject(REFUSED);
    },
  );

  it('has the filter of the entities show one tenant only, without the help of Postgres', async () => {
    const em = database.orm.em.fork();
    em.setFilterParams('tenant', { tenant: 'anna' });
    expect((await em.find(Asset, {})).map(({ tenant }) => tenant)).toEqual(['anna']);
    expect((await em.find(Delivery, {})).map(({ tenant }) => tenant)).toEqual(['anna']);
    await expect(database.orm.em.fork().find(Asset, {})).rejects.toThrow(/tenant/);
    await expect(database.orm.em.fork().find(Delivery, {})).rejects.toThrow(/tenant/);
  });

  it('has no method of a store read or change rows of another tenant, without the help of Postgres', async () => {
    const assets = createAssetStore(database.orm, ignore);
    const log = createDeliveryLog(database.orm, ignore);
    const keys = createKeyStore(database.orm);
    const policies = createPolicyStore(database.orm);
    const { assetId, deliveryId, endpointId, keyId } = of.bob;
    const before = await dump();

    expect(await assets.find('anna', assetId)).toBeNull();
    expect(await assets.findDetails('anna', assetId)).toBeNull();
    expect(await assets.listAttempts('anna', assetId, { limit: 10 })).toEqual([]);
    expect((await assets.page('anna', {}, { limit: 10 })).map(({ id }) => id)).toEqual([of.anna.assetId]);
    for await (const block of assets.list('anna'))
      expect(block.map(({ id }) => id)).toEqual([of.anna.assetId]);
    expect(await assets.requestCancel('anna', assetId, 'x')).toBe('not_found');
    expect(await assets.retry('anna', assetId)).toBe('not_found');
    expect(await log.find('anna', deliveryId)).toBeNull();
    expect((await log.list('anna', {}, { limit: 10 })).map(({ id }) => id)).toEqual([of.anna.deliveryId]);
    expect(await log.list('anna', { assetId }, { limit: 10 })).toEqual([]);
    expect(await log.list('anna', { endpointId }, { limit: 10 })).toEqual([]);
    expect(await log.replay('anna', deliveryId)).toBe('not_found');
    expect(await log.replayAll('anna', { assetId })).toEqual({ replayed: 0, tooSoon: 0, leftOut: 0 });
    expect((await log.listEndpoints('anna')).map(({ id }) => id)).toEqual([of.anna.endpointId]);
    expect(await log.findEndpoint('anna', endpointId)).toBeNull();
    expect(await log.enable('anna', endpointId)).toBe(false);
    expect((await keys.list('anna')).map(({ id }) => id)).toEqual([of.anna.keyId]);
    expect(await keys.find('anna', keyId)).toBeNull();
    const successor = makeApiKey(Buffer.alloc(40, 'next'));
    expect(await keys.rotate('anna', keyId, successor, 1)).toBe('not_found');
    expect(await keys.revoke('anna', keyId)).toBeNull();
    expect(await policies.find('anna', 'of-bob', null)).toBeNull();
    expect(await policies.versions('anna', 'of-bob')).toEqual([]);
    expect((await policies.list('anna')).map(({ name }) => name)).toEqual(['of-anna']);

    expect(await dump()).toEqual(before);
  });

  it('keeps one idempotency key for each tenant', () => {
    expect(of.anna.assetId).not.toBe(of.bob.assetId);
  });

  it('gives two tenants with one URL an endpoint and a secret each', () => {
    expect(of.anna.endpointId).not.toBe(of.bob.endpointId);
  });

  async function dump(): Promise<unknown[]> {
    const tables = Object.keys(TABLES).map((table) => `SELECT row_to_json(t)::text AS row FROM ${table} t`);
    return database.query(`${tables.join(' UNION ALL ')} ORDER BY 1`);
  }
});
