import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { createApiKey, runCli } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type TestReceiver } from '../support/receiver.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { startWebServer, type WebServer } from '../support/stand-ins/web-server.ts';

/** Secrets that the path and query of a receiver's URL may hold. */
const TOKEN_IN_PATH = 'seeded-path-token';
const TOKEN_IN_QUERY = 'seeded-query-token';
/** User info makes a URL invalid. Its password is a secret all the same. */
const PASSWORD_IN_URL = 'seeded-password';

/** Secrets that the URL of an asset, or a redirect from there, may hold. */
const TOKEN_IN_ASSET_PATH = 'seeded-asset-path';
const TOKEN_IN_ASSET_QUERY = 'seeded-asset-signature';
const TOKEN_IN_REDIRECT = 'seeded-redirect-signature';

/**
 * The test puts secrets everywhere where they belong, and where people put them by mistake. Then it searches everything that is
 * written or answered for them.
 */
describe('a secret', () => {
  let stack: Stack;
  let receiver: TestReceiver;
  let pictures: WebServer;
  let client: TestClient;
  const answers: string[] = [];
  /** The secrets by kind. Each is searched for as it is. */
  const secrets: Record<string, string> = {};
  let logs: string;
  let histories: string;
  let dump: string;

  beforeAll(async () => {
    stack = await startStack({ AUTH: 'keys', LOG_LEVEL: 'trace' });
    receiver = await startReceiver((event, res) => {
      res.statusCode = event.path.includes('/refuses/') ? 500 : 200;
      res.end();
    });
    pictures = await startWebServer((req, res) => {
      const path = req.url ?? '';
      if (path.includes('/moved/'))
        res.writeHead(302, { location: `/missing/?token=${TOKEN_IN_REDIRECT}` }).end();
      else if (path.includes('/broken/')) res.writeHead(503, { 'x-echo': path }).end(path);
      else if (path.includes('/garbage/')) req.socket.end(`garbage ${path}`);
      else if (path.includes('/missing/')) res.writeHead(404).end(path);
      else res.end(path);
    });
    const adminKey = await createKey('--scopes', 'admin');
    client = createTestClient(stack.baseUrl, adminKey);
    const url = `${receiver.url}/${TOKEN_IN_PATH}?token=${TOKEN_IN_QUERY}`;
    secrets['API key'] = secretOf(adminKey);
    secrets['token in the path of a webhook URL'] = TOKEN_IN_PATH;
    secrets['token in the query of a webhook URL'] = TOKEN_IN_QUERY;
    secrets['password in a webhook URL'] = PASSWORD_IN_URL;
    secrets['token in the path of an asset'] = TOKEN_IN_ASSET_PATH;
    secrets['token in the query of an asset'] = TOKEN_IN_ASSET_QUERY;
    secrets['token in a redirect of an asset'] = TOKEN_IN_REDIRECT;
    secrets['encryption key'] = stack.env['SECRETS_KEY'] ?? '';
    secrets['password of the database'] = new URL(stack.database.url).password;
    secrets['signing secret'] = (await cli('webhooks', 'secret', url)).replace(/^whsec_/, '');

    await liveWithThem(url);
    await fetchWithThem();
    await failWithThem(url, adminKey);
    logs = stack.api.output() + stack.worker.output();
    histories = await exportHistories();
    dump = await dumpDatabase();
  });
  afterAll(async () => {
    await stack?.stop();
    await receiver?.close();
    await pictures?.close();
  });

  const secretOf = (key: string) => key.split('_')[2] ?? '';

  const cli = (...args: string[]) => runCli(stack, ...args);
  const createKey = (...options: string[]) => createApiKey(stack, ...options);

  /** Requests that people make every day. */
  async function liveWithThem(url: string): Promise<void> {
    const refusing = url.replace(receiver.url, `${receiver.url}/refuses`);
    const dead = url.replace(/:\d+/, ':9');
    for (const [path, notifications] of [
      ['./assets/rocket.jpg', { onStart: url, onSuccess: refusing }],
      ['./assets/not-an-image.jpg', { onStart: dead, onFailure: url }],
      [
        './assets/missing.jpg',
        { onStart: `https://user:${PASSWORD_IN_URL}@example.com/`, onFailure: refusing },
      ],
    ] as const) {
      const id = await client.submit(path, notifications);
      await client.verdict(id);
      for (const view of ['', '/details', '/live']) await keep(client.call('GET', `/assets/${id}${view}`));
      await keep(client.call('POST', `/assets/${id}/cancel`, { reason: 'too late' }));
      await keep(client.call('POST', `/assets/${id}/retry`));
      await client.verdict(id);
    }
    await keep(client.call('POST', '/webhooks/test', { url }));
    await eventually(() => receiver.events.some(({ body }) => body.includes('"test"')));
    for (const path of ['/assets/', '/webhooks/deliveries?limit=500', '/webhooks/endpoints', '/admin/keys'])
      await keep(client.call('GET', path));
  }

  /** Assets behind signed URLs: pictures that are none, servers in trouble, URLs that are not valid. */
  async function fetchWithThem(): Promise<void> {
    const rest = `${TOKEN_IN_ASSET_PATH}.jpg?sig=${TOKEN_IN_ASSET_QUERY}`;
    const urls = ['', 'moved/', 'missing/', 'garbage/', 'broken/'].map(
      (kind) => `${pictures.url}/${kind}${rest}`,
    );
    urls.push(`${pictures.url.replace('http:', 'https:')}/${rest}`);
    urls.push(
      `http://user:${PASSWORD_IN_URL}@127.0.0.1/${rest}`,
      `http://10.0.0.1/${rest}`,
      `not a URL/${rest}`,
    );
    for (const url of urls) {
      const submission = { assetPath: { location: 'http', url }, externalId: 'picture' };
      const key = { 'idempotency-key': `key-${urls.indexOf(url)}` };
      await keep(client.call('POST', '/assets/image/', submission, { prefer: 'handling=strict' }));
      const accepted = await client.call('POST', '/assets/image/', submission, key);
      const { id } = (await accepted.clone().json()) as { id: string };
      await keep(Promise.resolve(accepted));
      await keep(client.call('POST', '/assets/image/', submission, key));
      await keep(client.call('POST', '/assets/image/', { ...submission, externalId: 'other' }, key));
      // Trouble has no end here. It is shown while the step is tried again.
      if (url.includes('/broken/')) {
        await eventually(async () =>
          (await (await client.call('GET', `/assets/${id}/details`)).text()).includes('http_503'),
        );
      } else await client.verdict(id);
      for (const view of ['', '/details', '/live', '/attempts'])
        await keep(client.call('GET', `/assets/${id}${view}`));
      await keep(client.call('POST', `/assets/${id}/cancel`, {}));
      await client.verdict(id);
    }
    await keep(client.call('GET', '/assets/?limit=500&source=http'));
    await keep(client.call('POST', '/assets/image/', { assetPath: { location: 'http', url: [urls[0]] } }));
    await keep(
      client.call('POST', '/assets/image/', { assetPath: { location: 'http', url: urls[0], more: 1 } }),
    );
    await keep(
      client.call('POST', '/assets/image/', {
        assetPath: { location: 'http', url: `${urls[0]}${'x'.repeat(9_000)}` },
      }),
    );
  }

  /** Requests that people make by mistake, or attackers on purpose. */
  async function failWithThem(url: string, key: string): Promise<void> {
    const mistyped = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;
    await keep(createTestClient(stack.baseUrl, mistyped).call('GET', '/assets/'));
    await keep(client.call('GET', `/assets/${key}`));
    await keep(client.call('GET', `/nothing/${key}?key=${key}&url=${encodeURIComponent(url)}`));
    await keep(client.call('DELETE', '/assets/', undefined, { 'x-api-key': key }));
    await keep(client.call('POST', '/assets/image/', { url, [key]: key }));
    await keep(client.call('POST', '/assets/image/', {}, { 'idempotency-key': `${key} ${key}` }));
    await keep(client.call('POST', '/webhooks/test', { url: `ftp://${url}` }));
    await keep(
      fetch(`${stack.baseUrl}/assets/image/`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: `{"notifications":{"onStart":"${url}"`,
      }),
    );
    const { id } = (await (
      await client.call('POST', '/admin/keys', { name: 'short-lived', scopes: ['assets:read'] })
    ).json()) as { id: string };
    await keep(client.call('DELETE', `/admin/keys/${id}`));
    await stack.database.query('ALTER TABLE deliveries RENAME TO deliveries_away');
    await keep(client.call('POST', '/webhooks/test', { url }));
    await stack.database.query('ALTER TABLE deliveries_away RENAME TO deliveries');
  }

  async function keep(answer: Promise<Response>): Promise<void> {
    const { status, headers, ...rest } = await answer.then(async (given) => ({
      status: given.status,
      headers: [...given.headers].map((header) => header.join(': ')),
      text: await given.text(),
    }));
    answers.push(`${status}\n${headers.join('\n')}\n\n${rest.text}`);
  }

  /** Every history of the namespace, payloads decoded, with memos, summaries and search attributes. */
  async function exportHistories(): Promise<string> {
    const connection = await Connection.connect({ address: stack.env['TEMPORAL_ADDRESS'] ?? '' });
    try {
      const { workflow } = new Client({ connection, namespace: stack.namespace });
      const texts: string[] = [];
      for await (const { workflowId, runId } of workflow.list()) {
        const handle = workflow.getHandle(workflowId, runId);
        texts.push(...textsOf(await handle.fetchHistory()), ...textsOf((await handle.describe()).raw));
      }
      return texts.join('\n');
    } finally {
      await connection.close();
    }
  }

  async function dumpDatabase(): Promise<string> {
    const tables = await stack.database.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const dumps = await Promise.all(
      tables.map(({ name }) =>
        stack.database.query(`SELECT '${name}' AS t, to_jsonb(x) AS row FROM ${name} x`),
      ),
    );
    return JSON.stringify(dumps);
  }

  const forms = (secret: string) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('hex'),
    // A secret that is base64 itself is searched for as its bytes.
    Buffer.from(secret, 'base64').toString('hex'),
  ];

  function found(text: string, names = Object.keys(secrets)): string[] {
    return names.filter((name) =>
      forms(secrets[name] ?? '').some((form) => form !== '' && text.includes(form)),
    );
  }

  it('is in no log, not even at the level trace', () => {
    expect(logs).toContain('"status":422');
    expect(logs).toContain('"process":"worker"');
    expect(found(logs)).toEqual([]);
  });

  it('is in no workflow history', () => {
    expect(histories).toContain('./assets/rocket.jpg');
    expect(histories).toContain('deliverWebhook');
    expect(histories).toContain('"location":"http"');
    expect(histories).toContain('http_503');
    expect(found(histories)).toEqual([]);
  });

  it('is in no answer, of success or of failure', () => {
    expect(new Set(answers.map((answer) => answer.slice(0, 3)))).toEqual(
      new Set(['200', '202', '204', '401', '404', '405', '400', '409', '422', '503']),
    );
    expect(answers.filter((answer) => found(answer).length > 0)).toEqual([]);
  });

  it('is in no row of the database, except in the URLs to call', () => {
    const urls = [
      'token in the path of a webhook URL',
      'token in the query of a webhook URL',
      'password in a webhook URL',
      'token in the path of an asset',
      'token in the query of an asset',
    ];
    expect(dump).toContain('api_keys');
    expect(
      found(
        dump,
        Object.keys(secrets).filter((name) => !urls.includes(name)),
      ),
    ).toEqual([]);
    // The search proves little if it can't find these.
    expect(found(dump, urls)).toEqual(urls);
  });
});

/** Every string of a message, and its bytes as text, because its own JSON would encode them. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('utf8')];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => [name, ...textsOf(part)]);
}
