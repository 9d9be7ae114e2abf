import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { authorizationOf } from '../../support/client.ts';
import { useStack } from './stack-under-test.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UNKNOWN = '01900000-0000-7000-8000-000000000000';

describe('the HTTP protocol', () => {
  const stack = useStack();

  async function send(
    method: string,
    path: string,
    body?: string | Buffer | ReadableStream,
    headers: Record<string, string> = {},
  ) {
    const response = await fetch(stack.baseUrl() + path, {
      method,
      headers: { ...authorizationOf(), ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text };
  }
  const json = { 'content-type': 'application/json' };
  const valid = JSON.stringify({ assetPath: { location: 'local', path: './assets/rocket.jpg' } });

  it.each(['/assets/image/', '/assets/image'])(
    'accepts at %s with 202, Location and exactly id and state',
    async (path) => {
      const { status, headers, text } = await send('POST', path, valid, json);
      const { id } = JSON.parse(text) as { id: string };
      expect(status).toBe(202);
      expect(id).toMatch(UUID_V7);
      expect(text).toBe(`{"id":"${id}","state":"queued"}`);
      expect(headers.get('location')).toBe(`/assets/${id}`);
    },
  );

  it.each([
    ['not JSON', '{"assetPath":', json, 400],
    ['empty', '', json, 400],
    ['no object', '[]', json, 422],
    ['a bare null', 'null', json, 422],
    ['without assetPath', '{}', json, 422],
    ['an unknown location', '{"assetPath":{"location":"ftp","path":"x"}}', json, 422],
    [
      'a number for a URL',
      '{"assetPath":{"location":"local","path":"x"},"notifications":{"onStart":1}}',
      json,
      422,
    ],
    [
      'a misspelt key',
      '{"assetPath":{"location":"local","path":"x"},"notifications":{"onSucess":"x"}}',
      json,
      422,
    ],
    ['a NUL in the path', '{"assetPath":{"location":"local","path":"a\\u0000b"}}', json, 422],
    ['half a surrogate pair', '{"assetPath":{"location":"local","path":"a\\ud800b"}}', json, 422],
    ['nested too deep', '['.repeat(500_000), json, 400],
    ['text/plain', valid, { 'content-type': 'text/plain' }, 415],
    ['a strange charset', valid, { 'content-type': 'application/json; charset=ebcdic' }, 415],
    ['UTF-16', valid, { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['not UTF-8', Buffer.from('{"assetPath":{"location":"local","path":"a\xff"}}', 'latin1'), json, 400],
    ['empty and chunked', new Blob([]).stream(), json, 400],
    ['over 1 MiB', `"${'x'.repeat(1024 * 1024)}"`, json, 413],
  ])('refuses a body that is %s', async (_what, body, headers, status) => {
    const answer = await send('POST', '/assets/image/', body, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    const problem = JSON.parse(answer.text) as Record<string, unknown>;
    expect(problem).toMatchObject({ status, type: expect.stringContaining('urn:validatr:error:') as string });
    expect(problem['title']).toEqual(expect.any(String));
    expect(problem['detail']).toEqual(expect.any(String));
    if (status === 422) expect(problem['errors']).toEqual(expect.any(Array));
  });

  it('answers a thousand faults with the first of them, and does not check tens of thousands', async () => {
    const members = (count: number) =>
      `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')}}`;
    for (const [count, code] of [
      [1_000, 'unrecognized_keys'],
      [80_000, 'too_big'],
    ] as const) {
      const { status, text } = await send('POST', '/assets/image/', members(count), json);
      expect(status).toBe(422);
      expect(JSON.parse(text)).toMatchObject({
        errors: expect.arrayContaining([expect.objectContaining({ code })]),
      });
      expect(text.length).toBeLessThan(10_000);
    }
  });

  it.each(['/assets/image/', '/echo/post', '/webhooks/test'])(
    'refuses JSON nested more than 32 deep at %s, naming the place',
    async (path) => {
      const { status, text } = await send('POST', path, `{"a":${'['.repeat(32)}${']'.repeat(32)}}`, json);
      expect(status).toBe(422);
      const { errors } = JSON.parse(text) as { errors: object[] };
      expect(errors).toEqual([
        { pointer: `/a${'/0'.repeat(31)}`, code: 'too_deep', detail: 'is nested more than 32 deep' },
      ]);
    },
  );

  it('names the fields at fault by JSON pointer', async () => {
    const body = '{"assetPath":{"location":"local","path":""},"notifications":{"onStart":1},"x/y":1}';
    const { text } = await send('POST', '/assets/image/', body, json);
    const { errors } = JSON.parse(text) as { errors: { pointer: string; code: string; detail: string }[] };
    expect(errors.map((fault) => fault.pointer).sort()).toEqual([
      '/assetPath/path',
      '/notifications/onStart',
      '/x~1y',
    ]);
    expect(errors.every(({ code, detail }) => code !== '' && detail !== '')).toBe(true);
  });

  it.each([
    ['GET', '/nothing', 404, undefined],
    ['GET', '/assets/not-a-uuid', 404, undefined],
    ['GET', `/assets/${UNKNOWN}`, 404, undefined],
    ['GET', `/assets/image/${UNKNOWN}/`, 404, undefined],
    ['GET', `/assets/${UNKNOWN}/details`, 404, undefined],
    ['GET', `/assets/${UNKNOWN}/live`, 404, undefined],
    ['POST', `/assets/${UNKNOWN}/cancel`, 404, undefined],
    ['POST', `/assets/${UNKNOWN}/retry`, 404, undefined],
    ['GET', '/assets/%ff', 404, undefined],
    ['DELETE', '/assets/', 405, 'GET, HEAD, OPTIONS'],
    ['GET', '/assets/image/', 405, 'POST, OPTIONS'],
    ['PUT', `/assets/${UNKNOWN}`, 405, 'GET, HEAD, DELETE, OPTIONS'],
    ['GET', '/echo/post', 405, 'POST, OPTIONS'],
  ])('answers %s %s with %i', async (method, path, status, allow) => {
    const answer = await send(method, path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.headers.get('allow') ?? undefined).toBe(allow);
  });

  it('lists assets in pages, with a link to the next, whole or by state', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const { text } = await send('POST', '/assets/image/', valid, json);
      ids.unshift((JSON.parse(text) as { id: string }).id);
    }
    type Page = { id: string; state: string; errors: unknown }[];
    const first = await send('GET', '/assets/?limit=2');
    expect((JSON.parse(first.text) as Page).map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const [, next = ''] = /^<(.+)>; rel="next"$/.exec(first.headers.get('link') ?? '') ?? [];
    const second = JSON.parse((await send('GET', next)).text) as Page;
    expect(second[0]?.id).toBe(ids[2]);
    const failed = JSON.parse((await send('GET', '/assets?state=failed&limit=5')).text) as Page;
    expect(failed.every(({ state, errors }) => state === 'failed' && errors !== null)).toBe(true);
    for (const query of [
      'limit=0',
      'limit=501',
      'limit=x',
      'cursor=x',
      'state=lost',
      'state=failed&state=queued',
    ])
      expect((await send('GET', `/assets/?${query}`)).status, query).toBe(422);
  });

  it('refuses query parameters that an operation does not have, and names those that it has', async () => {
    const { status, text } = await send('GET', '/assets/?color=red&limit=2');
    expect(status).toBe(422);
    expect(JSON.parse(text)).toMatchObject({
      type: 'urn:validatr:error:invalid_request',
      errors: [
        {
          pointer: '/color',
          code: 'unrecognized_keys',
          detail: expect.stringContaining('limit, cursor, state'),
        },
      ],
    });
    const asset = `/assets/${UNKNOWN}`;
    for (const [method, path] of [
      ['GET', `${asset}?verbose=1`],
      ['GET', `${asset}/details/?state=failed`],
      ['POST', '/assets/image/?policy=default'],
      ['POST', `${asset}/cancel?reason=x`],
      ['GET', '/webhooks/deliveries?status=failed'],
      ['GET', '/policies?limit=1'],
    ] as const)
      expect([path, (await send(method, path, method === 'POST' ? valid : undefined, json)).status]).toEqual([
        path,
        422,
      ]);
    // Probes and webhook URLs bring parameters of their own.
    expect((await send('GET', '/healthz?verbose')).status).toBe(200);
    expect((await send('POST', '/echo/post?token=x', '1', json)).status).toBe(200);
  });

  it('lists all assets newest first as {id, state, errors}', async () => {
    const first = JSON.parse((await send('POST', '/assets/image/', valid, json)).text) as { id: string };
    const second = JSON.parse((await send('POST', '/assets/image/', valid, json)).text) as { id: string };
    for (const path of ['/assets/', '/assets']) {
      const { status, text } = await send('GET', path);
      const list = JSON.parse(text) as { id: string; state: string; errors: unknown }[];
      const ids = list.map((asset) => asset.id);
      expect(status).toBe(200);
      expect(ids.indexOf(second.id)).toBeLessThan(ids.indexOf(first.id));
      expect([...ids].sort().reverse()).toEqual(ids);
      expect(Object.keys(list[0] ?? {})).toEqual(['id', 'state', 'errors']);
    }
  });

  it.each(['', '/details'])(
    'answers GET /assets/<id>%s with 304 to a client that has it already',
    async (suffix) => {
      const client = stack.client();
      const id = await client.submit('./assets/rocket.jpg');
      await client.verdict(id);
      const path = `/assets/${id}${suffix}`;
      const first = await send('GET', path);
      const tag = first.headers.get('etag') ?? '';
      expect(tag).toMatch(/^W\/"[^"]+"$/);
      expect(first.headers.get('cache-control')).toBe('private, no-cache');

      for (const held of [tag, tag.slice(2), `"other", ${tag}`, `W/"a",W/"b" ,${tag}`, '*']) {
        for (const method of ['GET', 'HEAD']) {
          const again = await send(method, path, undefined, { 'if-none-match': held });
          expect([again.status, again.text, again.headers.get('etag')], `${method} ${held}`).toEqual([
            304,
            '',
            tag,
          ]);
        }
      }
      for (const held of ['"other"', 'W/"other"', tag.slice(0, -2), tag.replaceAll('"', '')]) {
        const again = await send('GET', path, undefined, { 'if-none-match': held });
        expect([again.status, again.text], held).toEqual([200, first.text]);
      }
    },
  );

  it('changes the tag with the answer, and tags nothing else', async () => {
    const client = stack.client();
    const id = await client.submit('./assets/rocket.jpg');
    await client.verdict(id);
    const details = await send('GET', `/assets/${id}/details`);
    const held = { 'if-none-match': details.headers.get('etag') ?? '' };
    expect((await send('POST', `/assets/${id}/retry`)).status).toBe(202);
    const again = await send('GET', `/assets/${id}/details`, undefined, held);
    expect([again.status, JSON.parse(again.text)]).toEqual([200, expect.objectContaining({ attempt: 2 })]);
    for (const path of [
      '/assets/?limit=1',
      '/assets/',
      `/assets/${id}/live`,
      '/webhooks/deliveries',
      '/healthz',
      '/nothing',
    ])
      expect((await send('GET', path)).headers.get('etag'), path).toBeNull();
    expect((await send('POST', '/assets/image/', valid, { ...json, 'if-none-match': '*' })).status).toBe(202);
  });

  it('echoes the JSON it is sent', async () => {
    for (const body of [
      '{"a":[1,null,"ü"]}',
      '1',
      '"text"',
      'null',
      '[]',
      `${'['.repeat(32)}${']'.repeat(32)}`,
    ]) {
      const answer = await send('POST', '/echo/post', body, json);
      expect([answer.status, answer.text]).toEqual([200, body]);
    }
  });

  it('refuses to echo JSON that is nested too deep', async () => {
    const answer = await send('POST', '/echo/post', '['.repeat(500_000) + ']'.repeat(500_000), json);
    expect(answer.status).toBe(422);
  });

  it('gives every answer a request id, or the caller’s own if there is one', async () => {
    const given = await send('GET', '/healthz', undefined, { 'x-request-id': 'trace-1' });
    expect(given.headers.get('x-request-id')).toBe('trace-1');
    const odd = await send('GET', '/healthz', undefined, { 'x-request-id': 'a b<script>' });
    expect(odd.headers.get('x-request-id')).toMatch(UUID_V7);
  });

  it('sets the security headers and hides the framework', async () => {
    const { headers } = await send('GET', '/healthz');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('is ready with Postgres and Temporal', async () => {
    const { status, text } = await send('GET', '/readyz');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ status: 'ready', checks: { postgres: 'ok', temporal: 'ok' } });
  });

  it('refuses an oversized body without reading it all', async () => {
    const url = new URL('/assets/image/', stack.baseUrl());
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const req = request(
        url,
        { method: 'POST', headers: { ...authorizationOf(), ...json, 'content-length': String(10 ** 9) } },
        (res) => {
          resolve(res.statusCode);
          req.destroy();
        },
      );
      req.on('error', reject);
      req.write('"');
    });
    expect(status).toBe(413);
  });
});
