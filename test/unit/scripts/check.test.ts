import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'validatr-check-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** Runs the script that `npm run check` runs, in a package with these scripts. */
function check(scripts: Readonly<Record<string, string>>) {
  const { scripts: ours } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };
  const [, file = ''] = /^node (scripts\/\S+)$/.exec(ours['check'] ?? '') ?? [];
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ scripts }));
  return spawnSync(process.execPath, [resolve(file)], { cwd: dir, encoding: 'utf8' });
}

describe('npm run check', () => {
  it('runs every part, and fails at the end if one did', () => {
    const { status, stdout, stderr } = check({
      'check:a': 'echo "ran a"',
      'check:b': 'echo "ran b"; exit 2',
      'check:c': 'echo "ran c"',
      build: 'echo "ran build"',
    });
    expect(stdout.match(/^ran .*$/gm)).toEqual(['ran a', 'ran b', 'ran c']);
    expect(stderr).toMatch(/\nFailed: check:b\n$/);
    expect(status).toBe(1);
  });

  it('passes if every part does', () => {
    expect(check({ 'check:a': 'true', 'check:b': 'true' }).status).toBe(0);
  });
});
