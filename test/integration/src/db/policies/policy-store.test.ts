import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../../../src/db/orm.ts';
import { createPolicyStore } from '../../../../../src/db/policies/policy-store.ts';
import { queryAsTenant } from '../../../../../src/db/query.ts';
import { MAX_POLICY_VERSIONS, policyRules, type PolicyRules } from '../../../../../src/domain/policy.ts';
import type { PolicyStore } from '../../../../../src/domain/ports/policies.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';

const upTo = (max: number): PolicyRules => policyRules.parse({ bytes: { max } });

describe('the policy store', () => {
  let database: TestDatabase;
  /** The store of requests, which Postgres holds to one tenant. */
  let orm: MikroORM;
  let policies: PolicyStore;

  beforeAll(async () => {
    database = await cloneDatabase();
    orm = await openDatabase({ url: database.url, poolMax: 5, sees: 'tenant' });
    policies = createPolicyStore(orm);
  });
  afterAll(async () => {
    await orm.close();
    await database?.drop();
  });

  it('numbers the versions of a policy from 1, and keeps each as it was made', async () => {
    const rules = policyRules.parse({ dark: {}, formats: { allow: ['PNG'], message: `it's a {format}?` } });
    const first = await policies.add('anna', 'numbered', rules);
    expect(first).toMatchObject({ isNew: true, policy: { name: 'numbered', version: 1, rules } });
    expect((await policies.add('anna', 'numbered', upTo(9)))?.policy.version).toBe(2);

    expect(await policies.find('anna', 'numbered', 1)).toEqual(first?.policy);
    expect(await policies.find('anna', 'numbered', null)).toMatchObject({ version: 2, rules: upTo(9) });
    expect(await policies.find('anna', 'numbered', 3)).toBeNull();
    expect((await policies.versions('anna', 'numbered')).map(({ version }) => version)).toEqual([2, 1]);
  });

  it('keeps the defaults of the day, so a later default changes no version', async () => {
    await policies.add('anna', 'defaults', policyRules.parse({ dark: {} }));
    expect((await policies.find('anna', 'defaults', 1))?.rules.dark).toEqual({
      severity: 'error',
      threshold: 0.32,
    });
  });

  it('makes no version of the rules that the latest has already', async () => {
    const first = await policies.add('anna', 'same', upTo(1));
    expect(await policies.add('anna', 'same', upTo(1))).toEqual({ policy: first?.policy, isNew: false });
    await policies.add('anna', 'same', upTo(2));
    // Going back to the rules before is a change.
    expect((await policies.add('anna', 'same', upTo(1)))?.policy.version).toBe(3);
  });

  it('loses no version of many that are made at once, and gives no number twice', async () => {
    const added = await Promise.all(
      Array.from({ length: 20 }, (_, index) => policies.add('anna', 'busy', upTo(index))),
    );
    expect(added.map((one) => one?.policy.version).sort((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    for (const one of added)
      expect(await policies.find('anna', 'busy', one?.policy.version ?? 0)).toEqual(one?.policy);
    const same = await Promise.all(Array.from({ length: 20 }, () => policies.add('anna', 'once', upTo(1))));
    expect(same.filter((one) => one?.isNew)).toHaveLength(1);
  });

  it('lists the latest version of each policy of the tenant, by name', async () => {
    await policies.add('lister', 'b', upTo(1));
    await policies.add('lister', 'a', upTo(1));
    await policies.add('lister', 'b', upTo(2));
    expect((await policies.list('lister')).map(({ name, version }) => `${name}@${version}`)).toEqual([
      'a@1',
      'b@2',
    ]);
    expect((await policies.list('lister'))[0]?.createdAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it('shows nobody the policies of another tenant, and lets each have names of its own', async () => {
    await policies.add('anna', 'shared', upTo(1));
    expect(await policies.find('bob', 'shared', null)).toBeNull();
    expect(await policies.versions('bob', 'shared')).toEqual([]);
    expect(await policies.list('bob')).toEqual([]);
    expect((await policies.add('bob', 'shared', upTo(2)))?.policy.version).toBe(1);
    expect((await policies.find('anna', 'shared', null))?.rules).toEqual(upTo(1));
  });

  it.each([
    `UPDATE policies SET rules = '{}'`,
    'DELETE FROM policies',
    `INSERT INTO policies (owner, name, version, rules) VALUES ('bob', 'planted', 1, '{}')`,
  ])(
    'has Postgres refuse requests that change a version, or add one for another tenant: %s',
    async (text) => {
      await expect(queryAsTenant(orm, 'anna', (db) => sql.raw(text).execute(db))).rejects.toMatchObject({
        cause: { message: expect.stringContaining('SQLSTATE 42501') as string },
      });
    },
  );

  it('allows 1,000 versions of a tenant, however many are made at once, and still accepts the latest again', async () => {
    await database.query(
      `INSERT INTO policies (owner, name, version, rules)
       SELECT 'full', 'many', n, jsonb_build_object('n', n) FROM generate_series(1, ${MAX_POLICY_VERSIONS - 2}) AS n`,
    );
    const added = await Promise.all(
      Array.from({ length: 10 }, (_, index) => policies.add('full', `more-${index}`, upTo(index))),
    );
    expect(added.filter((one) => one !== null)).toHaveLength(2);
    const last = added.findIndex((one) => one !== null);
    expect(await policies.add('full', `more-${last}`, upTo(last))).toMatchObject({ isNew: false });
    expect(await policies.add('another', 'one', upTo(1))).toMatchObject({ isNew: true });
  });
});
