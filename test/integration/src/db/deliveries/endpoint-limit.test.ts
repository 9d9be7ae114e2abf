import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../../../../src/domain/api-key.ts';
import { createDeliveryLog } from '../../../../../src/db/deliveries/delivery-log.ts';
import { createDeliveryStore } from '../../../../../src/db/deliveries/delivery-store.ts';
import { createEndpointSecrets } from '../../../../../src/db/deliveries/endpoint-secrets.ts';
import { createTenantLimits } from '../../../../../src/db/keys/tenant-limits.ts';
import { openDatabase } from '../../../../../src/db/orm.ts';
import { NO_TENANT_LIMITS } from '../../../../../src/domain/ports/limits.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';
import { insertEvents } from '../../../../support/tenant-events.ts';

const secret = Buffer.from('sealed');
const urls = (count: number, host: string) =>
  Array.from({ length: count }, (_, path) => `https://${host}.example/${path}`);

describe('the limit of endpoints a tenant', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await cloneDatabase();
  });
  afterAll(() => database?.drop());

  const store = (endpointsMax: number, orm = database.orm) => createDeliveryStore(orm, { endpointsMax });

  async function countOf(owner: string): Promise<number> {
    const rows = await database.query('SELECT FROM endpoints WHERE owner = ?', [owner]);
    return rows.length;
  }

  it('is exact, however many processes make endpoints at once', async () => {
    // A pause between counting and inserting, so that the others can count the same.
    await database.query(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$`);
    await database.query(
      'CREATE TRIGGER dawdle BEFORE INSERT ON endpoints FOR EACH ROW EXECUTE FUNCTION dawdle()',
    );
    const ids = await insertEvents(database, 'busy', urls(60, 'busy'));
    const elsewhere = await openDatabase({ url: database.url, poolMax: 5 });
    const [here, there] = [store(7), store(7, elsewhere)];
    const made = await Promise.all(
      ids.map((id, index) => (index % 2 === 0 ? here : there).createEndpoint(id, secret)),
    );
    await elsewhere.close();
    await database.query('DROP TRIGGER dawdle ON endpoints');
    expect(made.filter((endpoint) => endpoint !== null)).toHaveLength(7);
    expect(await countOf('busy')).toBe(7);
  });

  it('is another for a tenant for which an operator has set one', async () => {
    const [first = '', second = '', third = ''] = await insertEvents(database, 'set', urls(3, 'set'));
    await createTenantLimits(database.orm).set('set', { ...NO_TENANT_LIMITS, webhookEndpointsMax: 2 });
    expect(await store(1).createEndpoint(first, secret)).not.toBeNull();
    expect(await store(1).createEndpoint(second, secret)).not.toBeNull();
    expect(await store(10).createEndpoint(third, secret)).toBeNull();
    await createTenantLimits(database.orm).set('set', { ...NO_TENANT_LIMITS, webhookEventsPerMinute: 7 });
    expect(await store(10).createEndpoint(third, secret)).not.toBeNull();
    expect(await store(1).findPending(third)).toMatchObject({ eventsPerMinute: 7 });
  });

  it('does not affect existing endpoints or other tenants, and ends when it is raised', async () => {
    const [first = '', second = '', again = ''] = await insertEvents(database, 'full', [
      'https://full.example/1',
      'https://full.example/2',
      'https://full.example/1?query',
    ]);
    const made = await store(1).createEndpoint(first, secret);
    expect(await store(1).createEndpoint(second, secret)).toBeNull();
    expect(await store(1).createEndpoint(again, Buffer.from('another'))).toEqual(made);
    const [others = ''] = await insertEvents(database, 'other', ['https://full.example/2']);
    expect(await store(1).createEndpoint(others, secret)).toMatchObject({ secrets: [secret] });
    expect(await store(2).createEndpoint(second, secret)).toMatchObject({ secrets: [secret] });
  });

  it('fails the event without a try; it stays listed and can be sent again', async () => {
    const [id = ''] = await insertEvents(database, 'listed', ['https://listed.example']);
    const log = createDeliveryLog(database.orm, () => undefined);
    await store(1).failUntried(id, 'endpoint_limit');
    expect(await log.find('listed', id)).toMatchObject({
      state: 'failed',
      failure: 'endpoint_limit',
      tries: [],
    });
    expect(await log.replay('listed', id)).toBe('replayed');
    expect(await store(1).findPending(id)).toMatchObject({ tries: 0 });
  });

  it('does not bind the operator, who shows and rotates secrets of any endpoint', async () => {
    const secrets = createEndpointSecrets(database.orm);
    const [id = ''] = await insertEvents(database, 'default', ['https://one.example']);
    await store(1).createEndpoint(id, secret);
    expect(await secrets.readOrCreate(DEFAULT_TENANT, 'https://two.example', secret)).toEqual([secret]);
    expect(await secrets.rotate(DEFAULT_TENANT, 'https://three.example', secret, false)).toEqual([secret]);
    expect(await countOf('default')).toBe(3);
  });
});
