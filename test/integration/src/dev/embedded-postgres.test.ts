import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '../../../../src/dev/embedded-postgres.ts';
import { freePort } from '../../../../src/dev/free-port.ts';
import { eventually } from '../../../support/eventually.ts';

describe('the embedded Postgres', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-pg-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const start = async (name: string) =>
    startEmbeddedPostgres({ dataDir: join(dir, name), port: await freePort(), log: () => undefined });

  async function query(url: string, sql: string): Promise<unknown[]> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql)).rows as unknown[];
    } finally {
      await client.end();
    }
  }

  it('keeps its data over a stop, a kill and the starts after them', async () => {
    const first = await start('kept');
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();

    const second = await start('kept');
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    process.kill(second.pid, 'SIGKILL');
    await eventually(
      () =>
        query(second.url, 'SELECT 1').then(
          () => false,
          () => true,
        ),
      { what: 'its end' },
    );
    await second.stop();

    const third = await start('kept');
    expect(await query(third.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await query(third.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
    await third.stop();
  });

  it('initialises again after an initdb that was killed', async () => {
    const unfinished = join(dir, 'half', 'cluster.unfinished');
    await mkdir(unfinished, { recursive: true });
    await writeFile(join(unfinished, 'PG_VERSION'), '18');
    const server = await start('half');
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it('asks for its password', async () => {
    const server = await start('guarded');
    const url = new URL(server.url);
    url.password = 'wrong';
    await expect(query(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await server.stop();
  });
});
