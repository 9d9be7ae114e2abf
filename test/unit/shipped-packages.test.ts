import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { describe, expect, it } from 'vitest';

/** These folders run from the checkout only. Images ship without packages for development. */
const FROM_THE_CHECKOUT = /^src\/dev\//;

const files = globSync('{src,activities,workflows}/**/*.ts').filter((path) => !FROM_THE_CHECKOUT.test(path));
const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>;
};

function importsOf(path: string): string[] {
  const code = readFileSync(path, 'utf8').replaceAll(/^import type [^;]+;/gm, '');
  return [...code.matchAll(/\b(?:from |import\()'(\w[^']*|@[^']*)'/g)].map(([, name = '']) => name);
}

describe('the packages that an image ships', () => {
  it('are all that our code imports', () => {
    const missing = files.flatMap((path) =>
      importsOf(path)
        .filter((name) => !isBuiltin(name))
        .filter(
          (name) => !Object.keys(dependencies).some((one) => name === one || name.startsWith(`${one}/`)),
        )
        .map((name) => `${path} imports ${name}`),
    );
    expect(files.length).toBeGreaterThan(100);
    expect(missing).toEqual([]);
  });
});
