import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { environmentSchema } from '../../../src/config.ts';
import { SCOPE_WORDS } from '../../../src/domain/api-key.ts';

const read = (path: string) => readFileSync(path, 'utf8');

/** The text of every `…` in the first column of the tables of a page. */
function namesIn(page: string): Set<string> {
  const cells = page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split(' | ')[0] ?? '');
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)));
}

describe('docs/configuration.md', () => {
  it('has every variable, and no other', () => {
    expect([...namesIn(read('docs/configuration.md'))].sort()).toEqual(
      Object.keys(environmentSchema.shape).sort(),
    );
  });
});

describe('docs/api.md', () => {
  it('says what each scope allows in the words of the command line and the OpenAPI document', () => {
    const document = read('docs/openapi.json');
    for (const [scope, words] of Object.entries(SCOPE_WORDS)) {
      expect(read('docs/api.md')).toContain(`| \`${scope}\` | ${words} |`);
      expect(document).toContain(`\`${scope}\`: ${words}.`);
    }
  });

  it('has every operation of the OpenAPI document', () => {
    const { paths } = JSON.parse(read('docs/openapi.json')) as { paths: Record<string, object> };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, '<$1>')}`,
      ),
    );
    const named = new Set([...namesIn(read('docs/api.md'))].map((name) => name.replace(/\/$/, '')));
    expect(operations.length).toBeGreaterThan(20);
    expect(operations.filter((operation) => !named.has(operation))).toEqual([]);
  });
});
