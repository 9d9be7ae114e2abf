import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOpenApiDocument } from '../../src/api/openapi/document.ts';
import { SCOPES } from '../../src/domain/api-key.ts';
import { createTestClient, type TestClient } from '../support/client.ts';
import { createApiKey, runCli } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';

interface KeyBody {
  readonly id: string;
  readonly key: string;
  readonly tenant: string;
  readonly state: string;
  readonly scopes: string[];
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly replacedBy: string | null;
}

/** Every operation that the document gives a scope. */
const SECURED = Object.entries(createOpenApiDocument().paths ?? {}).flatMap(([path, item]) =>
  (['get', 'post', 'delete'] as const).flatMap((method) => {
    const [scope] = item[method]?.security?.[0]?.['apiKey'] ?? [];
    return scope === undefined ? [] : [{ method: method.toUpperCase(), path, scope }];
  }),
);

describe('API keys', () => {
  let stack: Stack;
  let admin: TestClient;

  beforeAll(async () => {
    stack = await startStack({
      AUTH: 'keys',
      KEY_REQUESTS_PER_MINUTE: '200',
      KEY_REQUESTS_AT_ONCE: '20',
      KEY_MIB_PER_MINUTE: '1',
    });
    admin = createTestClient(stack.baseUrl, await createKey('--scopes', 'admin', '--name', 'the admin'));
  });
  afterAll(() => stack?.stop());

  const cli = (...args: string[]) => runCli(stack, ...args);
  const createKey = (...options: string[]) => createApiKey(stack, ...options);

  async function make(scopes: readonly string[], more: object = {}): Promise<KeyBody> {
    const answer = await admin.call('POST', '/admin/keys', { name: 'made', scopes, ...more });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const body = (await answer.json()) as KeyBody;
    expect(answer.headers.get('location')).toBe(`/admin/keys/${body.id}`);
    return body;
  }

  const kept = new Map<string, Promise<KeyBody>>();

  /** One for each set of scopes. */
  function keyWith(scopes: readonly string[]): Promise<KeyBody> {
    const name = scopes.join();
    const key = kept.get(name) ?? make(scopes);
    kept.set(name, key);
    return key;
  }

  const clientOf = ({ key }: KeyBody) => createTestClient(stack.baseUrl, key);

  it('tell their holder what it is and may do, whatever their scopes', async () => {
    const key = await make(['webhooks:manage'], { expiresInDays: 1 });
    expect(await clientOf(key).read('/whoami')).toEqual({
      tenant: key.tenant,
      key: { id: key.id, name: 'made', expiresAt: expect.any(String) as string },
      scopes: ['webhooks:manage'],
      quotas: { requestsPerMinute: 200, bytesPerMinute: 1024 * 1024, requestsAtOnce: 20 },
    });
    expect(await admin.read('/whoami')).toMatchObject({ scopes: SCOPES });
    expect((await createTestClient(stack.baseUrl).call('GET', '/whoami')).status).toBe(401);
  });

  it('are required on every path except health and echo, as RFC 6750 says', async () => {
    for (const path of [
      '/assets/',
      '/webhooks/endpoints',
      '/admin/keys',
      '/nothing-here',
      '/assets/x/details',
    ]) {
      const answer = await fetch(stack.baseUrl + path);
      expect([path, answer.status, answer.headers.get('www-authenticate')]).toEqual([
        path,
        401,
        'Bearer realm="validatr"',
      ]);
      expect(await answer.json()).toMatchObject({ type: 'urn:validatr:error:unauthenticated' });
    }
    expect((await fetch(`${stack.baseUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${stack.baseUrl}/readyz`)).status).toBe(200);
    const echo = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
    expect(await (await fetch(`${stack.baseUrl}/echo/post`, echo)).json()).toEqual({ a: 1 });
  });

  it('get the same refusal if unknown, mistyped, expired or of another scheme', async () => {
    const { key } = await make(['assets:read']);
    const unknown = await createKey();
    await stack.database.query('DELETE FROM api_keys WHERE id = ?', [unknown.split('_')[1]]);
    const expired = await createKey('--expires-days', '1');
    await stack.database.query(`UPDATE api_keys SET expires_at = now() WHERE id = ?`, [
      expired.split('_')[1],
    ]);
    for (const wrong of [unknown, expired, `${key}x`, key.slice(0, -1), 'vk_', 'x']) {
      const answer = await createTestClient(stack.baseUrl, wrong).call('GET', '/assets/');
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer realm="validatr", error="invalid_token"',
      ]);
      expect(await answer.text()).not.toContain(wrong === 'x' ? 'Bearer x' : wrong);
    }
    const basic = await fetch(`${stack.baseUrl}/assets/`, { headers: { authorization: `Basic ${key}` } });
    expect(basic.status).toBe(401);
  });

  it.each(SECURED)('need the scope $scope for $method $path, or admin', async ({ scope, method, path }) => {
    const url = path
      .replace('{id}', '01900000-0000-7000-8000-000000000000')
      .replace('{name}', 'nobodys')
      .replace('{version}', '1');
    const body = method === 'POST' ? {} : undefined;
    const without = SCOPES.filter((one) => one !== scope && one !== 'admin');
    const refused = await clientOf(await keyWith(without)).call(method, url, body);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      403,
      `Bearer realm="validatr", error="insufficient_scope", scope="${scope}"`,
    ]);
    expect(await refused.json()).toMatchObject({ type: 'urn:validatr:error:scope_missing' });
    for (const client of [clientOf(await keyWith([scope])), admin])
      expect([401, 403]).not.toContain((await client.call(method, url, body)).status);
  });

  it('end within 5 s of their revocation in every process, and at once in the process that revokes', async () => {
    const made = await make(['assets:read']);
    const client = clientOf(made);
    expect((await client.call('GET', '/assets/')).status).toBe(200);
    expect((await admin.call('DELETE', `/admin/keys/${made.id}`)).status).toBe(204);
    await eventually(async () => (await client.call('GET', '/assets/')).status === 401, {
      withinMs: 5_000,
      what: 'the end of the key',
    });
    expect(await admin.read(`/admin/keys/${made.id}`)).toMatchObject({ state: 'revoked' });
    const again = await admin.call('POST', `/admin/keys/${made.id}/rotate`);
    expect(await again.json()).toMatchObject({ status: 409, type: 'urn:validatr:error:key_not_active' });
  });

  it('overlap while they are rotated', async () => {
    const old = await make(['assets:read'], { expiresInDays: 90 });
    const rotated = await admin.call('POST', `/admin/keys/${old.id}/rotate`, { overlapHours: 2 });
    expect(rotated.status).toBe(201);
    const next = (await rotated.json()) as KeyBody;
    expect(next.scopes).toEqual(['assets:read']);
    expect(hoursUntil(next.expiresAt)).toBeCloseTo(90 * 24, 0);
    for (const key of [old, next]) expect((await clientOf(key).call('GET', '/assets/')).status).toBe(200);
    const kept = await admin.read<KeyBody>(`/admin/keys/${old.id}`);
    expect(kept).toMatchObject({ state: 'active', replacedBy: next.id });
    expect(hoursUntil(kept.expiresAt)).toBeCloseTo(2, 1);
    expect((await admin.call('POST', `/admin/keys/${old.id}/rotate`)).status).toBe(409);
  });

  it('of a rotation that still work are named when another one of it is revoked', async () => {
    const first = await make(['assets:read']);
    const rotate = async ({ id }: KeyBody) =>
      (await (await admin.call('POST', `/admin/keys/${id}/rotate`)).json()) as KeyBody;
    const second = await rotate(first);
    const third = await rotate(second);
    const revoke = async ({ id }: KeyBody) => {
      const answer = await admin.call('DELETE', `/admin/keys/${id}`);
      const body = answer.status === 204 ? null : ((await answer.json()) as { stillActive: KeyBody[] });
      return body?.stillActive.map((key) => key.id) ?? null;
    };
    expect(await revoke(second)).toEqual([first.id, third.id]);
    expect(await cli('keys', 'revoke', third.id)).toContain(
      `The key ${first.id} of the same rotation still works.`,
    );
    expect(await revoke(first)).toBeNull();
  });

  it('are shown once: neither lists, rows nor the command line give them again', async () => {
    const { key, id } = await make(['assets:read']);
    const secret = key.split('_')[2] ?? '';
    const shown = JSON.stringify([
      await admin.read('/admin/keys'),
      await admin.read(`/admin/keys/${id}`),
      await cli('keys', 'list'),
      await stack.database.query('SELECT row_to_json(k)::text AS row FROM api_keys k'),
      stack.api.output(),
    ]);
    expect(shown).toContain(id);
    expect(shown).not.toContain(secret);
  });

  it('remember when they were used last', async () => {
    const made = await make(['assets:read']);
    expect(made.lastUsedAt).toBeNull();
    await clientOf(made).call('GET', '/assets/');
    await eventually(async () => (await admin.read<KeyBody>(`/admin/keys/${made.id}`)).lastUsedAt !== null);
  });

  it('are managed by the command line as well', async () => {
    const key = await createKey('--tenant', 'research', '--name', 'importer', '--expires-days', '7');
    const id = key.split('_')[1] ?? '';
    const line = await cli('keys', 'list', '--tenant', 'research');
    expect(line).toContain(
      `${id}  research  active  assets:read,assets:write,webhooks:manage,policies:manage  expires `,
    );
    expect(await cli('keys', 'rotate', id, '--overlap-hours', '1')).toMatch(/vk_\w+/);
    expect(await cli('keys', 'revoke', id)).toContain('Revoked');
    expect(await cli('keys', 'list')).toContain(`${id}  research  revoked`);
    await expect(cli('keys', 'create', '--expires-days', '0')).rejects.toThrow(/from 1 to/);
    await expect(cli('keys', 'create', '--scopes', 'everything')).rejects.toThrow(/--scopes takes/);
    await expect(cli('keys', 'create', '--tenant', 'No Such')).rejects.toThrow(/--tenant takes/);
  });

  it('have the limits that an operator sets for the key, and otherwise those of its tenant', async () => {
    const text = await createKey('--tenant', 'limited', '--requests-per-minute', '700');
    const [, id = ''] = text.split('_');
    const client = createTestClient(stack.baseUrl, text);
    const quotas = async () => (await client.read<{ quotas: object }>('/whoami')).quotas;
    const becomes = (expected: object) =>
      eventually(async () => isDeepStrictEqual(await quotas(), expected), { what: JSON.stringify(expected) });
    const ofProcess = { requestsPerMinute: 200, bytesPerMinute: 1024 * 1024, requestsAtOnce: 20 };
    expect(await quotas()).toEqual({ ...ofProcess, requestsPerMinute: 700 });

    await cli('tenants', 'limit', 'limited', '--requests-per-minute', '600', '--requests-at-once', '3');
    await becomes({ ...ofProcess, requestsPerMinute: 700, requestsAtOnce: 3 });
    expect(await cli('keys', 'limit', id, '--requests-per-minute', 'default')).toContain(
      'no limits of its own',
    );
    await becomes({ ...ofProcess, requestsPerMinute: 600, requestsAtOnce: 3 });
    expect(await cli('tenants', 'list')).toContain('limited  requestsPerMinute 600, requestsAtOnce 3');
    expect(await cli('keys', 'limit', id, '--mib-per-minute', '2')).toContain('mibPerMinute 2');
    expect(await cli('keys', 'list', '--tenant', 'limited')).toContain('mibPerMinute 2');
    await expect(cli('keys', 'limit', id, '--requests-at-once', '0')).rejects.toThrow(/from 1 to/);
    await expect(cli('tenants', 'limit', 'nobody')).rejects.toThrow(/No API key was ever made/);
  });

  it('limit the requests of one key a minute and at once, and leave the others alone', async () => {
    const busy = clientOf(await make(['assets:read']));
    const first = await busy.call('GET', '/assets/?limit=1');
    expect(first.headers.get('ratelimit-policy')).toBe(
      `"requests";q=200;w=60, "bytes";q=${1024 * 1024};w=60;qu="content-bytes"`,
    );
    expect(first.headers.get('ratelimit')).toMatch(/^"requests";r=199;t=60, "bytes";r=1048576;t=\d+$/);

    const statuses: number[] = [];
    for (let i = 0; i < 210; i += 10) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => busy.call('GET', '/assets/?limit=1')),
      );
      statuses.push(...answers.map(({ status }) => status));
    }
    expect([statuses.filter((status) => status === 200).length, new Set(statuses)]).toEqual([
      199,
      new Set([200, 429]),
    ]);
    const refused = await busy.call('GET', '/assets/?limit=1');
    expect(await refused.json()).toMatchObject({ type: 'urn:validatr:error:rate_limited' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('limit the bytes of one key a minute, without the bytes of refused requests', async () => {
    const client = clientOf(await make(['assets:write']));
    const send = (bytes: number) =>
      client.call('POST', '/assets/image/', {
        assetPath: { location: 'local', path: './assets/rocket.jpg' },
        unknown: 'x'.repeat(bytes),
      });
    expect((await send(700_000)).status).toBe(422);
    const refused = await send(500_000);
    expect([refused.status, refused.headers.get('ratelimit')]).toEqual([
      429,
      expect.stringMatching(/"bytes";r=0;/),
    ]);
    expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('bytes') as string });
    expect((await send(100_000)).status).toBe(422);
  });

  it('show no verdict to a key that may only write, however it asks', async () => {
    const writer = clientOf(await make(['assets:write']));
    const answer = await writer.call(
      'POST',
      '/assets/image/',
      { assetPath: { location: 'local', path: './assets/rocket.jpg' } },
      { prefer: 'wait=20' },
    );
    expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, null]);
  });

  it('make tenants, and the command line asks for the tenant of webhooks', async () => {
    await createKey('--tenant', 'research');
    const url = 'https://receiver.example/hook';
    await expect(cli('webhooks', 'secret', url)).rejects.toThrow(
      /--tenant <name>, one of default, .*research/,
    );
    await expect(cli('webhooks', 'secret', url, '--tenant', 'reserch')).rejects.toThrow(
      /No API key was ever made/,
    );
    const secrets = [
      await cli('webhooks', 'secret', url, '--tenant', 'research'),
      await cli('webhooks', 'secret', url, '--tenant', 'default'),
    ];
    expect(new Set(secrets).size).toBe(2);
  });

  it('limit the requests that one key may have under way at once', async () => {
    const { key } = await make(['assets:read', 'assets:write']);
    const client = createTestClient(stack.baseUrl, key);
    const refused: IncomingMessage[] = [];
    const held = Array.from({ length: 25 }, () => startSubmission(stack.baseUrl, key));
    for (const submission of held) submission.on('response', (answer) => refused.push(answer));
    try {
      await eventually(() => refused.length === 5);
      for (const answer of refused) {
        expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '1']);
        expect(await text(answer)).toContain('urn:validatr:error:too_many_at_once');
      }
      expect((await client.call('GET', '/assets/?limit=1')).status).toBe(429);
      expect((await admin.call('GET', '/admin/keys')).status).toBe(200);
    } finally {
      for (const submission of held) submission.destroy();
    }
    await eventually(async () => (await client.call('GET', '/assets/?limit=1')).status === 200);
  });

  it("are answered 503, not 401, while the database can't be read", async () => {
    const made = await make(['assets:read']);
    await stack.database.query('ALTER TABLE api_keys RENAME TO api_keys_away');
    try {
      expect((await clientOf(made).call('GET', '/assets/')).status).toBe(503);
    } finally {
      await stack.database.query('ALTER TABLE api_keys_away RENAME TO api_keys');
    }
    expect((await clientOf(made).call('GET', '/assets/')).status).toBe(200);
  });
});

/** A submission whose body never comes. */
function startSubmission(baseUrl: string, key: string): ClientRequest {
  const submission = request(`${baseUrl}/assets/image/`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': 100 },
  });
  submission.on('error', () => undefined);
  submission.flushHeaders();
  return submission;
}

function hoursUntil(time: string | null): number {
  return (Date.parse(time ?? '') - Date.now()) / 3_600_000;
}
