import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBareApp } from '../../../../support/app.ts';
import { serve } from '../../../../support/serve.ts';

describe('/docs', () => {
  let app: Awaited<ReturnType<typeof serve>>;

  beforeAll(async () => {
    app = await serve(createBareApp());
  });
  afterAll(() => app.close());

  const get = (path: string) => fetch(app.baseUrl + path, { redirect: 'manual' });

  it('loads nothing from another host, and every file it refers to exists', async () => {
    const page = await get('/docs');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const html = await page.text();
    const references = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference = '']) => reference);
    expect(references).toHaveLength(4);
    for (const reference of references) {
      expect(reference).toMatch(/^\/[^/]/);
      const file = await get(reference);
      expect(file.status, reference).toBe(200);
      expect(file.headers.get('cache-control')).toMatch(/max-age=\d{4}/);
      const text = await file.text();
      if (reference.endsWith('.css')) {
        for (const [, target] of text.matchAll(/(?:url\(|@import)\s*["']?([^"')]+)/g))
          expect(target).toMatch(/^(?:data:|#)/);
      }
      if (reference.endsWith('start.js')) expect(text).not.toContain('://');
    }
  });

  it('lets a browser load from this host only, whatever the scripts try', async () => {
    const policy = (await get('/docs')).headers.get('content-security-policy') ?? '';
    const sources = policy.split(';').flatMap((directive) => directive.trim().split(' ').slice(1));
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(new Set(sources)).toEqual(new Set(["'none'", "'self'", "'unsafe-inline'", 'data:']));
  });

  it('serves none of the files that the page does not need', async () => {
    const [, folder = ''] = /src="(.+)swagger-ui-bundle\.js"/.exec(await (await get('/docs')).text()) ?? [];
    for (const name of ['index.html', 'swagger-ui-bundle.js.map', 'package.json', '', '../index.js'])
      expect((await get(folder + name)).status, name).toBe(404);
  });

  it('shows /openapi.json, which is JSON and needs no API key', async () => {
    const answer = await get('/openapi.json');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await answer.json()).toMatchObject({ openapi: '3.1.1', info: { title: 'Validatr' } });
  });
});
