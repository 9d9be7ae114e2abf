import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/dev/embedded-postgres.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { createTestClient, type TestClient } from '../support/client.ts';
import { openOwnDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';

const SUBMISSION = { assetPath: { location: 'local', path: './assets/rocket.jpg' } };
const ROUNDS_OF_TERMINATION = 30;

/** API and worker on a Postgres that loses their connections, or dies. */
describe('when Postgres goes away under use', () => {
  let dir: string;
  let port: number;
  let postgres: EmbeddedPostgres;
  let stack: Stack;
  let client: TestClient;

  const startPostgres = () =>
    startEmbeddedPostgres({ dataDir: join(dir, 'postgres'), port, log: () => undefined });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-away-'));
    port = await freePort();
    postgres = await startPostgres();
    stack = await startStack({ LOG_LEVEL: 'error' }, await openOwnDatabase(postgres.url));
    client = createTestClient(stack.baseUrl);
  });
  afterAll(async () => {
    await stack?.stop();
    await postgres?.stop();
    await rm(postgres?.dataDir ?? dir, { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
  });

  /**
   * Submits one by one until told to stop, at the latest at the end of the test. Keeps the ids of accepted assets, every
   * status, and the requests without an answer.
   */
  function submitAll() {
    const accepted: string[] = [];
    const statuses = new Set<number>();
    const unanswered: string[] = [];
    let isOver = false;
    async function submitOne(): Promise<void> {
      const response = await client.call('POST', '/assets/image/', SUBMISSION);
      statuses.add(response.status);
      const { id } = (await response.json()) as { id: string };
      if (response.status === 202) accepted.push(id);
    }
    const submitters = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        await submitOne().catch((error: unknown) => unanswered.push(String(error)));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
    async function end(): Promise<void> {
      isOver = true;
      await Promise.all(submitters);
    }
    onTestFinished(end);
    return { accepted, statuses, unanswered, end };
  }

  async function expectAllComplete(ids: readonly string[]): Promise<void> {
    await eventually(
      async () => {
        const [row] = await stack.database.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM assets
           WHERE state = 'complete' AND id IN (SELECT jsonb_array_elements_text(?::jsonb)::uuid)`,
          [JSON.stringify(ids)],
        );
        return row?.count === ids.length;
      },
      { everyMs: 200, what: `${ids.length} verdicts` },
    );
    expect([stack.api.process.exitCode, stack.worker.process.exitCode]).toEqual([null, null]);
    await eventually(async () => (await client.call('GET', '/readyz')).ok, { what: 'readiness' });
  }

  it('lives on when its connections are terminated, and every accepted asset ends', async () => {
    const load = submitAll();
    const admin = new Client({ connectionString: postgres.url.replace(/\w+$/, 'postgres') });
    await admin.connect();
    onTestFinished(() => admin.end());
    let terminated = 0;
    for (let round = 0; round < ROUNDS_OF_TERMINATION; round += 1) {
      const before = load.accepted.length;
      const { rows } = await admin.query<{ gone: boolean }>(
        `SELECT pg_terminate_backend(pid) AS gone FROM pg_stat_activity WHERE datname = 'validatr'`,
      );
      terminated += rows.length;
      await eventually(() => load.accepted.length > before, { what: 'an acceptance after the loss' });
    }
    await load.end();
    expect(load.unanswered).toEqual([]);
    expect(terminated).toBeGreaterThan(ROUNDS_OF_TERMINATION);
    expect([...load.statuses].filter((status) => status !== 202 && status !== 503)).toEqual([]);
    await expectAllComplete(load.accepted);
  });

  it('lives on when Postgres is killed and comes back, reports it meanwhile, and ends every accepted asset', async () => {
    const load = submitAll();
    await eventually(() => load.accepted.length >= 20, { what: 'acceptances' });
    process.kill(postgres.pid, 'SIGKILL');
    await eventually(() => load.statuses.has(503), { what: 'a refusal' });
    const checks = await eventually(
      async () => {
        const readyz = await client.read<{ checks?: Record<string, string> }>('/readyz');
        return readyz.checks?.['postgres'] === 'unavailable' && readyz.checks;
      },
      { what: '/readyz to say so' },
    );
    expect(checks).toEqual({ postgres: 'unavailable', temporal: 'ok', worker: 'unavailable', storage: 'ok' });
    expect((await client.call('GET', `/assets/${load.accepted[0]}`)).status).toBe(503);

    const before = load.accepted.length;
    // The processes of the dead server hold its memory until they have noticed its death.
    postgres = await eventually(() => startPostgres().catch(() => undefined), {
      everyMs: 500,
      what: 'Postgres',
    });
    await eventually(() => load.accepted.length >= before + 20, { what: 'acceptances again' });
    await load.end();
    expect(load.unanswered).toEqual([]);
    expect(load.statuses).toEqual(new Set([202, 503]));
    await expectAllComplete(load.accepted);
  });
});
