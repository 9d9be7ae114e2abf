import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compilePrograms } from './compile-programs.ts';

const page = readFileSync(new URL('../../../../docs/policies.md', import.meta.url), 'utf8');

const compile = (lines: readonly string[]) =>
  compilePrograms([
    [
      "import { createClient } from '@validatr/client';",
      "const client = createClient({ baseUrl: '' });",
      ...lines,
    ].join('\n'),
  ]);

/** The bodies that the page sends to a path that ends like this. */
function bodiesTo(path: RegExp): string[] {
  const requests = page.matchAll(
    /curl -X POST http:\S+?(\/policies\/\S+) [^']*'content-type[^']*' -d '([^']+)'/g,
  );
  return [...requests].flatMap(([, to = '', body = '']) => (path.test(to) ? [body] : []));
}

describe('the types of requests', () => {
  it('accept the requests of docs/policies.md, without settings that have a default', async () => {
    const policies = bodiesTo(/^\/policies\/\w+$/);
    const judged = bodiesTo(/\/judge$/);
    expect(policies).not.toEqual([]);
    expect(judged).not.toEqual([]);
    const rulesOf = (body: string) => JSON.stringify((JSON.parse(body) as { rules: object }).rules);
    const at = "{ params: { path: { name: 'catalogue' } }, body:";
    const said = await compile([
      ...policies.map((body) => `await client.addPolicy('catalogue', ${rulesOf(body)});`),
      ...policies.map((body) => `await client.api.POST('/policies/{name}', ${at} ${body} });`),
      ...judged.map((body) => `await client.judge('catalogue', ${body});`),
      ...judged.map((body) => `await client.api.POST('/policies/{name}/judge', ${at} ${body} });`),
    ]);
    expect(said).toBe('');
  });

  it('refuse a misspelt rule and a misspelt setting', async () => {
    const said = await compile([
      `await client.addPolicy('catalogue', { dark: { severity: 'warning' } });`,
      `// @ts-expect-error: no such rule`,
      `await client.addPolicy('catalogue', { darkk: { severity: 'warning' } });`,
      `// @ts-expect-error: no such setting`,
      `await client.addPolicy('catalogue', { dark: { treshold: 0.2 } });`,
      `// @ts-expect-error: no such field`,
      `await client.judge('catalogue', { versoin: 2 });`,
    ]);
    expect(said).toBe('');
  });
});
