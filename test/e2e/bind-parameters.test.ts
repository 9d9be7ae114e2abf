import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/dev/embedded-postgres.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { createTestClient } from '../support/client.ts';
import { openOwnDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver } from '../support/receiver.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** Beginnings of texts without parameters. They hold no values of a request. */
const WITHOUT_PARAMETERS =
  /^(begin|start transaction|commit|rollback|LISTEN|NOTIFY|SELECT 1$|SELECT to_regclass|select "m0"|select 1 from pg_database|select 1 from information_schema|INSERT INTO reconcile_mark|SELECT DISTINCT held_by|DELETE FROM idempotency_keys|delete from "idempotency_keys")/;

/** API and worker on a Postgres that logs every statement, without its parameters. */
describe('the statements of an asset, as Postgres logs them', () => {
  const token = 'secret-token-of-a-webhook';
  const log: string[] = [];
  let dir: string;
  let postgres: EmbeddedPostgres;
  let stack: Stack;
  let ids: string[];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-statements-'));
    postgres = await startEmbeddedPostgres({
      dataDir: join(dir, 'postgres'),
      port: await freePort(),
      log: (line) => log.push(line),
    });
    const database = await openOwnDatabase(postgres.url);
    const admin = new Client({ connectionString: postgres.url });
    await admin.connect();
    await admin.query('ALTER SYSTEM SET log_parameter_max_length = 0');
    await admin.query(`ALTER SYSTEM SET log_statement = 'all'`);
    await admin.query('SELECT pg_reload_conf()');
    await admin.end();
    log.length = 0;
    stack = await startStack({ LOG_LEVEL: 'error' }, database);

    const receiver = await startReceiver();
    const client = createTestClient(stack.baseUrl);
    ids = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const response = await client.call('POST', '/assets/image/', {
          assetPath: { location: 'local', path: './assets/rocket.jpg' },
          notifications: {
            onStart: `${receiver.url}/${token}`,
            onSuccess: `${receiver.url}/${token}`,
            onFailure: `${receiver.url}/${token}`,
          },
        });
        return ((await response.json()) as { id: string }).id;
      }),
    );
    await eventually(() => receiver.events.length === 2 * ids.length, {
      what: 'two events of each asset',
    });
    for (const id of ids) await client.call('GET', `/assets/${id}/details`);
    await client.call('GET', '/assets/');
    await receiver.close();
  });
  afterAll(async () => {
    await stack.stop();
    await postgres.stop();
    await rm(postgres.dataDir, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
  });

  /** A statement's text goes on over the following lines. Each of them begins with a tab. */
  const statements = () =>
    [...log.join('\n').matchAll(/LOG: {2}(?:statement|execute [^:]+): ([^\n]*(?:\n\t[^\n]*)*)/g)].map(
      ([, text = '']) => text.replaceAll(/\s+/g, ' ').trim(),
    );

  it('all have bind parameters', () => {
    expect(
      statements().filter((text) => /^\(?(INSERT|UPDATE|WITH|SELECT)/i.test(text)).length,
    ).toBeGreaterThan(30);
    const without = statements().filter((text) => !/\$\d/.test(text) && !WITHOUT_PARAMETERS.test(text));
    expect([...new Set(without)]).toEqual([]);
  });

  it('hold no id, no path and no URL', () => {
    const all = log.join('\n');
    for (const value of [...ids, token, 'rocket.jpg']) expect(all).not.toContain(value);
  });
});
