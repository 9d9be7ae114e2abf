import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloneDatabase, type TestDatabase } from '../support/database.ts';

/** Stands in for Docker. The containers run already, and a command for one of them runs here. */
const DOCKER = `#!/bin/sh
shift 3 # compose --env-file .env-docker
case "$1" in
  port) echo 127.0.0.1:8000 ;;
  exec) shift 3; exec "$@" ;;
esac
`;

describe('make server', () => {
  let database: TestDatabase;
  let dir: string;

  beforeAll(async () => {
    database = await cloneDatabase();
    dir = await mkdtemp(join(tmpdir(), 'validatr-make-'));
    for (const name of ['src', 'node_modules', 'package.json']) await symlink(resolve(name), join(dir, name));
    for (const name of ['Makefile', '.env-example']) await copyFile(name, join(dir, name));
    await mkdir(join(dir, 'assets'));
    await mkdir(join(dir, 'bin'));
    await writeFile(join(dir, 'bin/docker'), DOCKER, { mode: 0o755 });
  });
  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
    await database?.drop();
  });

  async function make(...args: string[]): Promise<string> {
    const path = [join(dir, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter);
    const { stdout } = await promisify(execFile)('make', args, {
      cwd: dir,
      env: { PATH: path, DATABASE_URL: database.url },
    });
    return stdout;
  }

  it('tells how to make an API key while there is none, and no longer once it was done', async () => {
    const before = await make('server');
    expect(before).toContain('API          http://127.0.0.1:8000');
    expect(before).toContain('No API key exists yet');
    expect(before).toContain('\n  make key\n');

    const made = await make('key', 'ARGS=--tenant research --name importer --scopes assets:read');
    expect(made).toMatch(/\n {2}vk_\w+\n/);
    expect(await database.query('SELECT owner, name, scopes FROM api_keys')).toEqual([
      { owner: 'research', name: 'importer', scopes: ['assets:read'] },
    ]);
    expect(await make('server')).not.toContain('No API key');
  });

  it('does not ask for a key if requests need none', async () => {
    await database.query('DELETE FROM api_keys');
    await writeFile(join(dir, '.env-docker'), 'AUTH=disabled\nAUTH_DISABLED_ON_PUBLIC_ADDRESS=yes\n');
    expect(await make('server')).not.toContain('No API key');
  });
});
