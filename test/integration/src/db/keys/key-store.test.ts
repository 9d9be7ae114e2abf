import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createKeyDirectory } from '../../../../../src/db/keys/key-directory.ts';
import { createKeyStore } from '../../../../../src/db/keys/key-store.ts';
import { DEFAULT_TENANT, KEY_ENTROPY_BYTES, makeApiKey } from '../../../../../src/domain/api-key.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';

const DAY_MS = 86_400_000;

describe('the life of a key', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await cloneDatabase();
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(() => database?.drop());

  const stateOf = async (id: string) => (await createKeyDirectory(database.orm).find(id))?.key.state;

  it.each([
    ['back', -2 * DAY_MS],
    ['ahead', 2 * DAY_MS],
  ])('goes by the clock of the database, whether this process is two days %s', async (_direction, stepMs) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + stepMs });
    const { id, hash } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
    const keys = createKeyStore(database.orm);
    const key = await keys.create(DEFAULT_TENANT, {
      id,
      hash,
      name: 'x',
      scopes: ['admin'],
      expiresInDays: 1,
    });
    expect(Number(key?.expiresAt) - Number(key?.createdAt)).toBe(DAY_MS);
    expect(key?.state).toBe('active');
    expect(await stateOf(id)).toBe('active');
    await database.query(`UPDATE api_keys SET expires_at = now() - interval '1 ms' WHERE id = ?`, [id]);
    expect(await stateOf(id)).toBe('expired');
    await keys.revoke(DEFAULT_TENANT, id);
    expect(await stateOf(id)).toBe('revoked');
  });

  it('is looked up beside thousands of keys that do not exist, not behind them', async () => {
    const { id, hash } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
    await createKeyStore(database.orm).create(DEFAULT_TENANT, {
      id,
      hash,
      name: 'x',
      scopes: ['admin'],
      expiresInDays: null,
    });
    const directory = createKeyDirectory(database.orm);
    const findUnknown = () => directory.find(makeApiKey(randomBytes(KEY_ENTROPY_BYTES)).id);
    expect((await directory.find(id))?.key.id).toBe(id);
    // Opens the connections that both kinds of look-ups need. To open one takes as long as many look-ups.
    await Promise.all([directory.find(id), findUnknown()]);
    let ended = 0;
    const flood = Array.from({ length: 5_000 }, () => findUnknown().finally(() => (ended += 1)));
    expect((await directory.find(id))?.key.id).toBe(id);
    const endedBefore = ended;
    expect(new Set(await Promise.all(flood))).toEqual(new Set([null]));
    expect(endedBefore).toBeLessThan(flood.length / 2);
  });

  it('has no end unless one is asked for', async () => {
    const { id, hash } = makeApiKey(randomBytes(KEY_ENTROPY_BYTES));
    const key = await createKeyStore(database.orm).create(DEFAULT_TENANT, {
      id,
      hash,
      name: 'x',
      scopes: ['admin'],
      expiresInDays: null,
    });
    expect(key).toMatchObject({ expiresAt: null, state: 'active' });
  });
});
