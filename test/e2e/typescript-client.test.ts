import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { type Client, createClient, verifyWebhook } from '../../clients/typescript/src/index.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type TestReceiver } from '../support/receiver.ts';
import { type Stack, startStack } from '../support/stack.ts';

const PACKAGE = fileURLToPath(new URL('../../clients/typescript/', import.meta.url));
const run = promisify(execFile);

const asset = (path: string) => ({ assetPath: { location: 'local', path: `./assets/${path}` } }) as const;

describe('the TypeScript client', () => {
  let stack: Stack;
  let client: Client;
  let receiver: TestReceiver;

  beforeAll(async () => {
    stack = await startStack({ LOG_LEVEL: 'warn' });
    client = createClient({ baseUrl: stack.baseUrl });
    receiver = await startReceiver();
  });
  afterAll(async () => {
    await receiver?.close();
    await stack?.stop();
  });

  it('submits, waits for the verdict, and reads its reasons', async () => {
    const { id } = await client.submit(asset('retina.jpg'));
    const verdict = await client.waitForVerdict(id);
    expect(verdict).toMatchObject({ id, state: 'failed' });
    expect(verdict.errors?.['asset']?.[0]).toContain('1411x1411px');
    const { data } = await client.api.GET('/assets/{id}/details', { params: { path: { id } } });
    expect(data?.findings[0]).toMatchObject({ code: 'dimensions_too_large', step: 'checkDimensions' });
    expect(data?.image?.format).toBe('JPEG');
  });

  /** Runs the example under a heading of the README. Returns its output. */
  async function runExample(heading: string): Promise<string> {
    const [, section = ''] = (await readFile(join(PACKAGE, 'README.md'), 'utf8')).split(`\n## ${heading}\n`);
    const [, example = ''] = /```ts\n(.+?)```/s.exec(section) ?? [];
    const program = example
      .replace('http://127.0.0.1:8000', stack.baseUrl)
      .replace('@validatr/client', join(PACKAGE, 'src', 'index.ts'));
    const { stdout } = await run(process.execPath, ['--input-type=module-typescript', '--eval', program]);
    return stdout;
  }

  it('does what its README shows', async () => {
    expect(await runExample('Submit and wait')).toMatch(/^failed \{\s+asset: \[\s+'Image dimensions/);
  });

  it('does with policies what its README shows', async () => {
    expect(await runExample('Policies')).toBe(
      'complete\ndefault 1\ncatalogue 1\n{ complete: 1, failed: 0, unknown: 0, changed: 0 }\n',
    );
  });

  it('makes one asset for one key, and tells the faults of a request', async () => {
    const idempotencyKey = crypto.randomUUID();
    const first = await client.submit(asset('rocket.jpg'), { idempotencyKey });
    expect(await client.submit(asset('rocket.jpg'), { idempotencyKey })).toEqual(first);
    await expect(client.submit(asset('retina.jpg'), { idempotencyKey })).rejects.toMatchObject({
      name: 'ValidatrError',
      status: 422,
      code: 'idempotency_key_reused',
    });
    await expect(client.waitForVerdict('01900000-0000-7000-8000-000000000000')).rejects.toMatchObject({
      code: 'asset_not_found',
    });
  });

  it('walks over all assets and deliveries, page by page, each once', async () => {
    const submitted: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const notifications = { onSuccess: `${receiver.url}/pages` };
      submitted.unshift((await client.submit({ ...asset('rocket.jpg'), notifications })).id);
    }
    await Promise.all(submitted.map((id) => client.waitForVerdict(id)));
    const listed: string[] = [];
    for await (const { id, state } of client.assets({ state: 'complete', limit: 2 })) {
      expect(state).toBe('complete');
      listed.push(id);
    }
    expect(listed.slice(0, 5)).toEqual(submitted);
    expect(new Set(listed).size).toBe(listed.length);
    const delivered = new Set<string | null>();
    for await (const { assetId } of client.deliveries({ limit: 2 })) delivered.add(assetId);
    expect([...delivered]).toEqual(expect.arrayContaining(submitted));
  });

  it('accepts real webhooks, and refuses other signatures, other bodies and old ones', async () => {
    const url = `${receiver.url}/hook`;
    const { stdout } = await run(process.execPath, ['src/bin/cli.ts', 'webhooks', 'secret', url], {
      env: { PATH: process.env['PATH'], ...stack.env },
    });
    const secret = stdout.trim();
    const { id } = await client.submit({
      ...asset('astronaut.png'),
      notifications: { onStart: url, onFailure: url },
    });
    const events = await eventually(() => {
      const received = receiver.events.filter(({ path }) => path === '/hook');
      return received.length === 2 && received;
    });
    const [start, failure] = events.map(({ headers, body }) => verifyWebhook({ secret, headers, body }));
    expect(start).toMatchObject({ id, state: 'in_progress' });
    expect(start?.webhookId).toBe(events[0]?.headers['webhook-id']);
    if (failure?.state !== 'failed') throw new Error('The second event is the failure');
    expect(failure.errors['asset']?.[0]).toContain('PNG');

    const [{ headers, body } = { headers: {}, body: '' }] = events;
    const verify = (given: Partial<Parameters<typeof verifyWebhook>[0]>) => () =>
      verifyWebhook({ secret, headers, body, ...given });
    expect(verify({ headers: new Headers(headers as Record<string, string>) })()).toEqual(start);
    const otherSecret = `whsec_${Buffer.alloc(32, 'other').toString('base64')}`;
    expect(verify({ secret: otherSecret })).toThrow('No matching signature');
    expect(verify({ body: body.replace('in_progress', 'complete') })).toThrow('No matching signature');
    expect(verify({ headers: {} })).toThrow('Missing required headers');
    const longAgo = new Date(Date.now() - 6 * 60_000);
    const old = {
      'webhook-id': 'old',
      'webhook-timestamp': String(Math.floor(longAgo.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('old', longAgo, body),
    };
    expect(verify({ headers: old })).toThrow('timestamp too old');
  });
});
