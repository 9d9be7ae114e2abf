import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compilePrograms } from './compile-programs.ts';

const readme = readFileSync(new URL('../../../../clients/typescript/README.md', import.meta.url), 'utf8');

describe('the README of the TypeScript client', () => {
  it('has examples that compile', async () => {
    const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, example = '']) => example);
    expect(examples.length).toBeGreaterThanOrEqual(3);
    expect(await compilePrograms(examples, ['node'])).toBe('');
  });
});
