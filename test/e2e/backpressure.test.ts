import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';

const BACKLOG_MAX = 5;
const SUBMISSION = { assetPath: { location: 'local', path: './assets/rocket.jpg' } };

async function refusal(response: Response) {
  const { type } = (await response.json()) as { type: string };
  return [response.status, response.headers.get('retry-after'), type.replace('urn:validatr:error:', '')];
}

describe('with more work than the service can take', () => {
  let stack: Stack;
  let client: TestClient;

  beforeAll(async () => {
    stack = await startStack({ DISPATCHER: 'off', BACKLOG_MAX: String(BACKLOG_MAX) });
    client = createTestClient(stack.baseUrl);
  });
  afterAll(() => stack?.stop());

  it('a full backlog refuses submissions and retries, but no reads or cancels, until there is room', async () => {
    const canceled = await client.submit('./assets/rocket.jpg');
    await client.call('POST', `/assets/${canceled}/cancel`);
    const waiting = await Promise.all(
      Array.from({ length: BACKLOG_MAX + 1 }, () => client.submit('./assets/rocket.jpg')),
    );

    const refused = await eventually(async () => {
      const response = await client.call('POST', '/assets/image/', SUBMISSION);
      return response.status !== 202 && response;
    });
    expect(await refusal(refused)).toEqual([503, '30', 'backlog_full']);
    expect(await refusal(await client.call('POST', `/assets/${canceled}/retry`))).toEqual([
      503,
      '30',
      'backlog_full',
    ]);
    expect(await client.read(`/assets/${canceled}`)).toEqual({ id: canceled, state: 'canceled' });
    expect((await client.call('POST', `/assets/${waiting[0]}/cancel`)).status).toBe(202);

    await stack.database.query(`UPDATE assets SET dispatched_at = now() WHERE state = 'queued'`);
    const accepted = await eventually(async () => {
      const response = await client.call('POST', `/assets/${canceled}/retry`);
      return response.status !== 503 && response;
    });
    expect(accepted.status).toBe(202);
  });
});

describe('with the disk of Postgres full', () => {
  let stack: Stack;
  let client: TestClient;

  beforeAll(async () => {
    stack = await startStack();
    client = createTestClient(stack.baseUrl);
    await stack.database.query(`CREATE FUNCTION fill_disk() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END $$`);
  });
  afterAll(() => stack?.stop());

  const fill = (when: string) =>
    stack.database.query(`CREATE TRIGGER disk_is_full ${when} EXECUTE FUNCTION fill_disk()`);
  const makeRoom = () => stack.database.query('DROP TRIGGER disk_is_full ON assets');

  it('answers 507 and keeps nothing, until there is room', async () => {
    await fill('BEFORE INSERT ON assets FOR EACH ROW');
    const refused = await client.call('POST', '/assets/image/', SUBMISSION);
    expect(await refusal(refused)).toEqual([507, '60', 'storage_full']);
    expect(await client.read('/assets/')).toEqual([]);
    await makeRoom();
    const id = await client.submit('./assets/rocket.jpg');
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
  });

  it('goes on trying to write a verdict, and has it once there is room', async () => {
    await fill('BEFORE UPDATE ON assets FOR EACH ROW WHEN (NEW.finished_at IS NOT NULL)');
    const id = await client.submit('./assets/rocket.jpg');
    await eventually(
      async () =>
        /finishAsset[\s\S]*disk/.test(await stack.temporal('workflow', 'describe', '-w', `asset-${id}`)),
      { what: 'a write that is tried again' },
    );
    await makeRoom();
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
  });
});
