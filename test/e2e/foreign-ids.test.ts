import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOpenApiDocument } from '../../src/api/openapi/document.ts';
import { createTestClient, type TestClient } from '../support/client.ts';
import { createApiKey } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type TestReceiver } from '../support/receiver.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** The answer of the owner's receiver. An excerpt holds it, and no other tenant may read it. */
const MARK = 'only-for-the-owner';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Requests about uploads need these. Others ignore them. */
const TUS = {
  'tus-resumable': '1.0.0',
  'upload-offset': '0',
  'content-type': 'application/offset+octet-stream',
};

/** Every operation of the document, as `get /assets/{id}`. */
const OPERATIONS = Object.entries(createOpenApiDocument().paths ?? {}).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method] !== undefined).map((method) => ({ method, path })),
);
const WITH_ID = OPERATIONS.filter(({ path }) => path.includes('{id}'));
const WITH_NAME = OPERATIONS.filter(({ path }) => path.includes('{name}'));
const LISTS = OPERATIONS.filter(
  ({ method, path }) =>
    method === 'get' && !path.includes('{') && /^\/(assets|policies|webhooks|admin)/.test(path),
);

describe('data of another tenant', () => {
  let stack: Stack;
  let receiver: TestReceiver;
  let owner: TestClient;
  let stranger: TestClient;
  const ownPolicy = 'only-the-owners-policy';
  let ids: Readonly<Record<'asset' | 'delivery' | 'endpoint' | 'key' | 'upload', string>>;

  beforeAll(async () => {
    stack = await startStack({ AUTH: 'keys' });
    receiver = await startReceiver((_event, res) => {
      res.statusCode = 410;
      res.end(MARK);
    });
    owner = createTestClient(
      stack.baseUrl,
      await createApiKey(stack, '--tenant', 'owner', '--scopes', 'admin'),
    );
    stranger = createTestClient(
      stack.baseUrl,
      await createApiKey(stack, '--tenant', 'stranger', '--scopes', 'admin'),
    );
    const asset = await owner.submit('./assets/rocket.jpg', { onSuccess: `${receiver.url}/hook` });
    await owner.verdict(asset);
    const [delivery] = await eventually(async () => {
      const listed = await owner.read<{ id: string; endpointId: string; state: string }[]>(
        `/webhooks/deliveries?asset=${asset}`,
      );
      return listed[0]?.state === 'failed' && listed;
    });
    const [key] = await owner.read<{ id: string }[]>('/admin/keys');
    const rules = { formats: { allow: ['PNG'], message: MARK } };
    expect((await owner.call('POST', `/policies/${ownPolicy}`, { rules })).status).toBe(201);
    const begun = await owner.call('POST', '/uploads/', undefined, { ...TUS, 'upload-length': '9' });
    ids = {
      asset,
      delivery: delivery?.id ?? '',
      endpoint: delivery?.endpointId ?? '',
      key: key?.id ?? '',
      upload: begun.headers.get('location')?.split('/').at(-1) ?? '',
    };
  });
  afterAll(async () => {
    await stack?.stop();
    await receiver?.close();
  });

  /** All data of the owner, except columns that reading changes. */
  async function ownersRows(): Promise<string> {
    const tables = ['assets', 'deliveries', 'endpoints', 'api_keys', 'idempotency_keys', 'policies'];
    const parts = tables.map(
      (table) => `SELECT (to_jsonb(t) - 'last_used_at')::text AS row FROM ${table} t WHERE owner = 'owner'`,
    );
    const rows = await stack.database.query<{ row: string }>(`${parts.join(' UNION ALL ')} ORDER BY 1`);
    return rows.map(({ row }) => row).join('\n');
  }

  it('is found by its owner, each id under a path of its own', async () => {
    for (const path of [
      `/assets/${ids.asset}`,
      `/assets/${ids.asset}/details`,
      `/webhooks/deliveries/${ids.delivery}`,
      `/admin/keys/${ids.key}`,
    ])
      expect([path, (await owner.call('GET', path)).status]).toEqual([path, 200]);
    expect((await owner.call('HEAD', `/uploads/${ids.upload}`, undefined, TUS)).status).toBe(200);
    expect(JSON.stringify(await owner.read(`/webhooks/deliveries/${ids.delivery}`))).toContain(MARK);
    expect(JSON.stringify(await owner.read('/webhooks/endpoints'))).toContain(ids.endpoint);
  });

  it.each(WITH_ID)(
    'is 404 at $method $path, whatever the kind of the id, and stays unchanged',
    async ({ method, path }) => {
      const before = await ownersRows();
      for (const id of Object.values(ids)) {
        const answer = await stranger.call(
          method.toUpperCase(),
          path.replace('{id}', id),
          method === 'post' ? {} : undefined,
          path.startsWith('/uploads') ? TUS : {},
        );
        const text = await answer.text();
        expect([id, answer.status, text.includes('_not_found')]).toEqual([id, 404, true]);
        expect(text).not.toContain(MARK);
      }
      expect(await ownersRows()).toBe(before);
      expect((await owner.call('HEAD', `/uploads/${ids.upload}`, undefined, TUS)).status).toBe(200);
    },
  );

  it('gets the same answer as an id that never existed', async () => {
    for (const [foreign, unknown] of [
      [`/assets/${ids.asset}`, '/assets/01900000-0000-7000-8000-000000000000'],
      [`/webhooks/deliveries/${ids.delivery}`, '/webhooks/deliveries/01900000-0000-7000-8000-000000000000'],
      [`/admin/keys/${ids.key}`, '/admin/keys/0000000000000'],
    ] as const) {
      const [one, other] = await Promise.all([stranger.read(foreign), stranger.read(unknown)]);
      expect({ ...one, requestId: '' }).toEqual({ ...other, requestId: '' });
    }
  });

  it.each(LISTS)('is in no list: $method $path', async ({ path }) => {
    for (const query of ['', '?limit=500', `?asset=${ids.asset}`, `?endpoint=${ids.endpoint}`]) {
      const text = await (await stranger.call('GET', `${path}${query}`)).text();
      for (const id of [...Object.values(ids), ownPolicy, MARK]) expect(text).not.toContain(id);
    }
    expect((await (await owner.call('GET', path)).text()).length).toBeGreaterThan(50);
  });

  it('is 404 at every path that reads or judges by a foreign policy, and does not block one of the same name', async () => {
    const before = await ownersRows();
    for (const { method, path } of WITH_NAME) {
      const url = path.replace('{name}', ownPolicy).replace('{version}', '1');
      const call = (client: TestClient) =>
        client.call(method.toUpperCase(), url, method === 'post' ? {} : undefined);
      const answer = await call(stranger);
      const text = await answer.text();
      expect(text).not.toContain(MARK);
      // A policy of the same name does not touch the owner's.
      if (path === '/policies/{name}' && method === 'post') continue;
      expect([url, answer.status, text.includes('policy_not_found')]).toEqual([url, 404, true]);
      expect([url, (await call(owner)).status]).toEqual([url, 200]);
    }
    const made = await stranger.call('POST', `/policies/${ownPolicy}`, { rules: {} });
    expect(await made.json()).toMatchObject({ version: 1, rules: {} });
    expect(await ownersRows()).toBe(before);
  });

  it('is not validated under a foreign policy, and not judged when a body names it', async () => {
    await stranger.call('POST', '/policies/own', { rules: {} });
    await owner.call('POST', '/policies/hers', { rules: {} });
    const before = await ownersRows();
    const submission = { assetPath: { location: 'local', path: './assets/rocket.jpg' }, policy: 'hers@1' };
    expect((await stranger.call('POST', '/assets/image/', submission)).status).toBe(422);
    const judged = await stranger.call('POST', '/policies/own/judge', { assets: [ids.asset] });
    expect(await judged.json()).toMatchObject({ assets: [], notFound: [ids.asset] });
    const all = await (await stranger.call('POST', '/policies/own/judge', {})).text();
    expect(all).not.toContain(ids.asset);
    expect(await ownersRows()).toBe(before);
  });

  it("can't be sent again when a body names it", async () => {
    const before = await ownersRows();
    for (const filter of [{ asset: ids.asset }, { endpoint: ids.endpoint }, { state: 'failed' }]) {
      const answer = await stranger.call('POST', '/webhooks/deliveries/replay', filter);
      expect(await answer.json()).toEqual({ replayed: 0, tooSoon: 0, leftOut: 0 });
    }
    expect(await ownersRows()).toBe(before);
  });

  it('is not touched by a tenant with the same idempotency key or the same receiver', async () => {
    const body = {
      assetPath: { location: 'local', path: './assets/rocket.jpg' },
      notifications: { onSuccess: `${receiver.url}/hook` },
    };
    const headers = { 'idempotency-key': 'shared' };
    const answers = await Promise.all([
      owner.call('POST', '/assets/image/', body, headers),
      stranger.call('POST', '/assets/image/', body, headers),
    ]);
    const [ownId, strangeId] = await Promise.all(
      answers.map(async (answer) => ((await answer.json()) as { id: string }).id),
    );
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(ownId).not.toBe(strangeId);
    // The owner's endpoint is disabled by its 410. The stranger's has the same URL and gets its own 410.
    const tried = await eventually(async () => {
      const listed = await stranger.read<{ state: string; failure: string; tries: unknown[] }[]>(
        `/webhooks/deliveries?asset=${strangeId}`,
      );
      return listed[0]?.state === 'failed' && listed[0];
    });
    expect([tried.failure, tried.tries.length]).toEqual(['endpoint_gone', 1]);
  });

  it('is tried at every path that has an id', () => {
    expect(WITH_ID.length).toBeGreaterThanOrEqual(12);
    expect(WITH_NAME.length).toBeGreaterThanOrEqual(4);
    expect(LISTS.length).toBeGreaterThanOrEqual(5);
  });
});
