import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../../', import.meta.url).pathname;
const files = globSync('{src,activities,workflows}/**/*.ts', { cwd: root }).filter(
  // A migration changes the schema: its statements have no values.
  (file) => !file.startsWith('src/db/migrations/'),
);

/** Ways to write a value into a statement's text, or to run a text that Kysely has not built. */
const FORBIDDEN = {
  'a text with ? placeholders': /(\bWHERE\b|\bVALUES\b|\bSET\b|\bLIMIT\b)[^`;]*?[=(,<> ]\?(::|[\s,)`])/,
  'a text without bind parameters': /\bsql\.raw\(|CompiledQuery\.raw\(/,
  "MikroORM's own execution, which writes values into the text":
    /\.getConnection\(\)|\bem\.execute\(|\bcreateQueryBuilder\(|\.qb\(/,
  "MikroORM's own reads and writes, which do the same":
    /\bem\.(find|findOne|insert|insertMany|nativeUpdate|nativeDelete|upsert|flush)\(/,
};

describe('the statements of the product', () => {
  it('are found', () => {
    const withSql = files.filter((file) => /\bsql(<[^`]*>)?`/.test(readFileSync(`${root}${file}`, 'utf8')));
    expect(withSql.length).toBeGreaterThan(10);
  });

  it.each(Object.entries(FORBIDDEN))('hold no %s', (_what, pattern) => {
    const found = files.filter((file) => pattern.test(readFileSync(`${root}${file}`, 'utf8')));
    expect(found).toEqual([]);
  });

  it.each([
    ['a text with ? placeholders', 'await run(`SELECT id FROM assets WHERE id = ?`, [id])'],
    ['a text without bind parameters', 'sql.raw(text)'],
    ["MikroORM's own execution, which writes values into the text", 'orm.em.getConnection().execute(text)'],
    ["MikroORM's own reads and writes, which do the same", 'em.findOne(Asset, { id })'],
  ] as const)('would be found to hold %s', (what, text) => {
    expect(text).toMatch(FORBIDDEN[what]);
  });
});
