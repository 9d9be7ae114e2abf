import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Stands in for npm. It prints its arguments, and writes the file that `npm ci` writes. */
const NPM = `#!/bin/sh
echo "npm $*" >> said
[ "$1" = ci ] && mkdir -p node_modules && touch node_modules/.package-lock.json
exit 0
`;

describe.each([
  ['dev', 'npm run dev'],
  ['test', 'npm test'],
  ['test-e2e', 'npm run test:e2e'],
])('make %s', (target, program) => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'validatr-makefile-'));
    for (const name of ['Makefile', 'package-lock.json']) copyFileSync(name, join(dir, name));
    writeFileSync(join(dir, 'npm'), NPM, { mode: 0o755 });
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function make(): string[] {
    writeFileSync(join(dir, 'said'), '');
    execFileSync('make', [target], { cwd: dir, env: { PATH: `${dir}:${process.env['PATH'] ?? ''}` } });
    return readFileSync(join(dir, 'said'), 'utf8').trim().split('\n');
  }

  it('installs in a clean checkout and after a change of the lock file; otherwise it starts at once', () => {
    expect(make()).toEqual(['npm ci', program]);
    expect(make()).toEqual([program]);
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(dir, 'package-lock.json'), later, later);
    expect(make()).toEqual(['npm ci', program]);
  });
});
