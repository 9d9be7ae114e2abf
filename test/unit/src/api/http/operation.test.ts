import express, { type RequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineOperation, type Operation, routeOperations } from '../../../../../src/api/http/operation.ts';
import { handleErrors } from '../../../../../src/api/http/problem.ts';
import { AppError } from '../../../../../src/domain/errors.ts';
import { createLogger } from '../../../../../src/telemetry/logger.ts';
import { serve } from '../../../../support/serve.ts';

interface Deps {
  readonly word: string;
}

const described = { tag: 'service', summary: 'For this test', scope: null, replies: {} } as const;

/** The parameter stands first in the list. */
const OPERATIONS: readonly Operation<Deps>[] = [
  defineOperation({
    ...described,
    method: 'get',
    path: '/things/{id}',
    id: 'getThing',
    handle: () => (req, res) => void res.json({ id: req.params['id'] }),
  }),
  defineOperation({
    ...described,
    method: 'get',
    path: '/things/all',
    id: 'listThings',
    query: z.object({ limit: z.coerce.number().int() }),
    handle:
      ({ word }: Deps) =>
      (_req, res, { query }) =>
        void res.json({ word, limit: query().limit }),
  }),
  defineOperation({
    ...described,
    method: 'delete',
    path: '/things/{id}',
    id: 'deleteThing',
    handle: () => (_req, res) => void res.status(204).end(),
  }),
  defineOperation({
    ...described,
    method: 'post',
    path: '/things/all',
    id: 'addThing',
    body: { schema: z.strictObject({ size: z.int().default(7) }), optional: true, examples: {} },
    handle:
      () =>
      (_req, res, { body }) =>
        void res.json(body()),
  }),
  defineOperation({
    ...described,
    method: 'post',
    path: '/work',
    id: 'work',
    scope: 'assets:write',
    body: { schema: z.object({}), examples: {} },
    before: () => () => {
      throw new AppError('backlog_full');
    },
    handle: () => (_req, res) => void res.end(),
  }),
];

describe('an operation', () => {
  let app: Awaited<ReturnType<typeof serve>>;
  let scopes: readonly string[] = [];
  let firstRan = 0;

  beforeAll(async () => {
    const identify: RequestHandler = (_req, res, next) => {
      res.locals['principal'] = { tenant: 'own', keyId: null, scopes };
      next();
    };
    const first: RequestHandler = (_req, _res, next) => {
      firstRan += 1;
      next();
    };
    app = await serve(
      express()
        .use(identify, routeOperations(OPERATIONS, { word: 'given' }, first))
        .use(handleErrors(createLogger('silent', 'api'))),
    );
  });
  afterAll(() => app.close());

  async function call(method: string, path: string, body?: string) {
    const answer = await fetch(app.baseUrl + path, {
      method,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    return { answer, body: text === '' ? null : (JSON.parse(text) as { type?: string }) };
  }

  it('with a literal path comes before one with a parameter, wherever it stands in the list', async () => {
    expect((await call('GET', '/things/all?limit=3')).body).toEqual({ word: 'given', limit: 3 });
    expect((await call('GET', '/things/one/')).body).toEqual({ id: 'one' });
    // Found by the literal path, which has no such method.
    expect((await call('DELETE', '/things/all')).answer.status).toBe(405);
  });

  it('answers HEAD like GET, and names the methods of its path to OPTIONS and every other method', async () => {
    expect((await call('HEAD', '/things/one')).answer.status).toBe(200);
    const options = await call('OPTIONS', '/things/one');
    expect([options.answer.status, options.answer.headers.get('allow')]).toEqual([
      204,
      'GET, HEAD, DELETE, OPTIONS',
    ]);
    const patch = await call('PATCH', '/things/one/');
    expect([patch.answer.status, patch.answer.headers.get('allow')]).toEqual([
      405,
      'GET, HEAD, DELETE, OPTIONS',
    ]);
    expect(patch.body).toMatchObject({ detail: 'Allowed: GET, HEAD, DELETE, OPTIONS.' });
  });

  it('reads body and query by its own schemas: a missing optional body as an empty object', async () => {
    expect((await call('POST', '/things/all', '{"size":3}')).body).toEqual({ size: 3 });
    expect((await call('POST', '/things/all')).body).toEqual({ size: 7 });
    expect((await call('POST', '/things/all', '{"size":"x"}')).body).toMatchObject({
      status: 422,
      errors: [{ pointer: '/size' }],
    });
    expect((await call('GET', '/things/all?limit=x')).body).toMatchObject({
      errors: [{ pointer: '/limit' }],
    });
  });

  it('checks the scope, then runs `before`, and only then reads the body', async () => {
    scopes = [];
    expect((await call('POST', '/work', '{')).body?.type).toBe('urn:validatr:error:scope_missing');
    scopes = ['assets:write'];
    expect((await call('POST', '/work', '{')).body?.type).toBe('urn:validatr:error:backlog_full');
  });

  it('refuses query parameters that it does not have, before `before` and the body', async () => {
    scopes = [];
    expect((await call('POST', '/work?color=red', '{')).answer.status).toBe(403);
    scopes = ['assets:write'];
    expect((await call('POST', '/work?color=red&a/b=1', '{')).body).toMatchObject({
      type: 'urn:validatr:error:invalid_request',
      errors: [
        { pointer: '/color', detail: 'is not a known query parameter; there are none here' },
        { pointer: '/a~1b' },
      ],
    });
    // Operations without a key take any.
    expect((await call('GET', '/things/one?color=red')).answer.status).toBe(200);
  });

  it('runs the handlers that come first once a request', async () => {
    for (const [method, path] of [
      ['GET', '/things/one'],
      ['HEAD', '/things/one'],
      ['OPTIONS', '/things/one'],
      ['PATCH', '/things/all'],
    ] as const) {
      const before = firstRan;
      await call(method, path);
      expect([method, firstRan - before]).toEqual([method, 1]);
    }
  });
});
