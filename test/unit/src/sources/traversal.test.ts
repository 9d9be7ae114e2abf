import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, readlink, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openInside } from '../../../../src/sources/local.ts';
import { openRoots, type Roots } from '../../../../src/sources/roots.ts';
import { setTrap, type Trap, traversals } from '../../../support/traversals.ts';

/** At least this many spellings get out without the check. With fewer, the table would prove nothing. */
const AT_LEAST_DANGEROUS = 200;
const RACE_OPENS = 4_000;

describe('the local source', () => {
  let trap: Trap;
  let roots: Roots;

  beforeAll(async () => {
    trap = await setTrap();
    roots = await openRoots([trap.root]);
  });
  afterAll(() => trap.remove());

  /** The place of the file that a path leads to. Null if it leads to none. */
  async function reached(path: string): Promise<string | null> {
    const file = await openInside(path, { base: trap.base, roots });
    if ('unreachable' in file) return null;
    const where = await readlink(`/proc/self/fd/${file.handle.fd}`);
    await file.handle.close();
    return where;
  }
  const isOutside = (where: string | null): boolean => where !== null && !where.startsWith(`${trap.root}/`);

  it.runIf(process.platform === 'linux')(
    'opens nothing outside its roots, in any of 2,000 spellings of the path',
    async () => {
      // So that one of the paths below /proc/self/fd leads to it.
      const held = await open(join(trap.dir, 'secret.jpg'));
      const paths = traversals(trap, process.cwd());
      expect(new Set(paths).size).toBe(2_000);
      expect(paths).toContain(`/proc/self/fd/${held.fd}`);
      const before = await trap.hashOfOutside();
      let dangerous = 0;
      const outside: string[] = [];
      for (const path of paths) {
        const naive = await realpath(path.startsWith('/') ? path : `${trap.base}/${path}`).catch(() => null);
        if (naive?.endsWith('/secret.jpg') === true) dangerous += 1;
        if (isOutside(await reached(path))) outside.push(path);
      }
      await held.close();
      expect(outside).toEqual([]);
      expect(dangerous).toBeGreaterThan(AT_LEAST_DANGEROUS);
      expect(await trap.hashOfOutside()).toBe(before);
    },
    60_000,
  );

  /** Another process that changes the file behind a path, as fast as it can. */
  async function swapInTheBackground(script: string): Promise<ChildProcess> {
    const child = spawn(
      process.execPath,
      ['--eval', `const fs = require('node:fs'); process.chdir(process.argv[1]); ${script}`, trap.root],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout, 'data');
    return child;
  }

  it.runIf(process.platform === 'linux').each([
    [
      'a file and a link out',
      'race.jpg',
      `console.log('ready');
       for (;;) { fs.symlinkSync('../secret.jpg', 'next'); fs.renameSync('next', 'race.jpg');
                  fs.writeFileSync('next', 'harmless'); fs.renameSync('next', 'race.jpg'); }`,
    ],
    [
      'a directory and a link out',
      'race/secret.jpg',
      `console.log('ready');
       for (;;) { fs.renameSync('race', 'aside'); fs.symlinkSync('../assets-secret', 'race');
                  fs.unlinkSync('race'); fs.renameSync('aside', 'race'); }`,
    ],
  ])(
    'never opens a file outside while %s take turns',
    async (_what, path, script) => {
      await mkdir(join(trap.root, 'race'), { recursive: true });
      await writeFile(join(trap.root, 'race/secret.jpg'), 'harmless');
      await writeFile(join(trap.root, 'race.jpg'), 'harmless');
      const swapping = await swapInTheBackground(script);
      const counts = { inside: 0, outside: 0, none: 0, naivelyOutside: 0 };
      for (let turn = 0; turn < RACE_OPENS; turn += 1) {
        const where = await reached(`assets/${path}`);
        counts[where === null ? 'none' : isOutside(where) ? 'outside' : 'inside'] += 1;
        const naive = await readFile(join(trap.root, path)).catch(() => null);
        if (naive !== null && naive.length > 100) counts.naivelyOutside += 1;
      }
      swapping.kill('SIGKILL');
      await once(swapping, 'close');
      expect(counts.outside).toBe(0);
      expect(counts.inside).toBeGreaterThan(0);
      expect(counts.naivelyOutside).toBeGreaterThan(0);
    },
    60_000,
  );
});
