import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOpenApiDocument } from '../../../../../src/api/openapi/document.ts';
import { SCOPES } from '../../../../../src/domain/api-key.ts';
import { createBareApp } from '../../../../support/app.ts';
import { serve } from '../../../../support/serve.ts';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Record<string, boolean> };
  readonly handle: { readonly stack?: readonly Layer[] };
}

/** `get /assets/{id}` for each route of Express, except the files of the page. */
function routesOf(layers: readonly Layer[]): string[] {
  return layers.flatMap(({ route, handle }) => {
    if (route === undefined) return routesOf(handle.stack ?? []);
    if (route.path.startsWith('/docs/')) return [];
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    return METHODS.filter((method) => route.methods[method]).map((method) => `${method} ${path}`);
  });
}

describe('the OpenAPI document', () => {
  const document = createOpenApiDocument();
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => (item[method] === undefined ? [] : [{ path, method, ...item[method] }])),
  );

  it('equals docs/openapi.json (`npm run openapi` writes it)', () => {
    const committed = readFileSync(new URL('../../../../../docs/openapi.json', import.meta.url), 'utf8');
    expect(`${JSON.stringify(document, null, 2)}\n`).toBe(committed);
  });

  it('has every route of the app, and no other', () => {
    const { stack } = createBareApp().router as unknown as { stack: Layer[] };
    const registered = [...new Set(routesOf(stack))];
    expect(registered.length).toBeGreaterThan(10);
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(registered.sort());
  });

  it('names each operation once, with a described tag', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = (document.tags ?? []).map(({ name }) => name);
    for (const { tags: given, summary } of operations) {
      expect(tags).toContain(given?.[0]);
      expect(summary).toMatch(/\S/);
    }
  });

  it('names the scope of each operation, and how a request without it is refused', () => {
    const scopes = operations.map(({ path, method, security, responses }) => {
      const [scope] = security?.[0]?.['apiKey'] ?? [];
      const refusals = ['401', '403', '429'].filter((status) => status in (responses ?? {}));
      const isOpen = security?.length === 0;
      // A key with any scope is enough, so none is refused for its scopes.
      const takesAny = !isOpen && scope === undefined;
      expect(refusals, `${method} ${path}`).toHaveLength(isOpen ? 0 : takesAny ? 2 : 3);
      return [`${method} ${path}`, isOpen ? 'none' : (scope ?? 'any')];
    });
    const needed = (operation: string) => scopes.find(([name]) => name === operation)?.[1];
    expect(needed('get /assets/{id}/details')).toBe('assets:read');
    expect(needed('post /assets/{id}/cancel')).toBe('assets:write');
    expect(needed('post /policies/{name}')).toBe('policies:manage');
    expect(scopes.filter(([name]) => name?.includes('/webhooks/')).map(([, scope]) => scope)).toEqual(
      Array.from({ length: 7 }, () => 'webhooks:manage'),
    );
    expect(scopes.filter(([, scope]) => scope === 'any').map(([name]) => name)).toEqual(['get /whoami']);
    expect(scopes.filter(([, scope]) => scope === 'none').map(([name]) => name)).toEqual([
      'get /healthz',
      'get /readyz',
      'get /startupz',
      'post /echo/post',
      'get /openapi.json',
      'get /docs',
    ]);
  });

  describe('and the app that serves it', () => {
    let app: Awaited<ReturnType<typeof serve>>;
    let scopes: readonly string[] = [];

    beforeAll(async () => {
      app = await serve(
        createBareApp({
          authenticate(_req, res, next) {
            res.locals['principal'] = { tenant: 'own', keyId: null, scopes };
            next();
          },
        }),
      );
    });
    afterAll(() => app.close());

    async function call(method: string, path: string) {
      const url = app.baseUrl + path.replace('{version}', '1').replaceAll(/\{\w+\}/g, 'some');
      const answer = await fetch(url, { method: method.toUpperCase() });
      await answer.arrayBuffer();
      return answer;
    }

    it.each(operations)('ask for the same scope: $method $path', async ({ method, path, security }) => {
      const [scope] = security?.[0]?.['apiKey'] ?? [];
      // `admin` includes every other scope.
      scopes = SCOPES.filter((other) => other !== scope && other !== 'admin');
      const without = await call(method, path);
      expect(without.headers.get('www-authenticate')).toBe(
        scope === undefined ? null : `Bearer realm="validatr", error="insufficient_scope", scope="${scope}"`,
      );
      if (scope === undefined) return;
      expect(without.status).toBe(403);
      scopes = [scope];
      expect((await call(method, path)).status).not.toBe(403);
    });

    it.each(operations.filter(({ method }) => method === 'post'))(
      'agree whether a body is needed: $method $path',
      async ({ method, path, requestBody }) => {
        scopes = SCOPES;
        const isRequired = requestBody !== undefined && 'content' in requestBody && requestBody.required;
        expect((await call(method, path)).status === 400).toBe(isRequired === true);
      },
    );
  });
});
