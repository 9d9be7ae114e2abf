import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rememberGroups, stopLeftovers } from '../../../../src/dev/leftovers.ts';
import { takeLock } from '../../../../src/dev/lock.ts';
import { supervise } from '../../../../src/dev/supervise.ts';
import { eventually } from '../../../support/eventually.ts';

const silent = () => undefined;

describe('the processes of the dev stack', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-dev-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('are stopped if an earlier run left them behind; other programs are not touched', async () => {
    const leftover = spawn('sleep', ['71'], { detached: true, stdio: 'ignore' });
    const foreign = spawn('sleep', ['72'], { detached: true, stdio: 'ignore' });
    const file = join(dir, 'groups.json');
    await rememberGroups(file, [
      { name: 'worker', pgid: leftover.pid ?? 0, mark: 'sleep 71' },
      // The process with this id has ended, and another program has got the id.
      { name: 'api', pgid: foreign.pid ?? 0, mark: 'src/bin/api.ts' },
    ]);
    await stopLeftovers(file, silent);
    expect(leftover.signalCode ?? (await once(leftover, 'exit'))[1]).toBe('SIGTERM');
    expect(foreign.exitCode ?? foreign.signalCode).toBeNull();
    foreign.kill('SIGKILL');
  });

  it("can't use a data directory that is in use, but can after a kill", async () => {
    const file = join(dir, 'lock');
    const holder = spawn('sleep', ['73'], { stdio: 'ignore' });
    await writeFile(file, String(holder.pid));
    expect(await takeLock(file, 'sleep 73')).toBe(holder.pid);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await takeLock(file, 'sleep 73')).toBeNull();
  });

  it('are started again when they crash, and leave nothing when they are stopped', async () => {
    const lines: string[] = [];
    const gaveUp: string[] = [];
    const supervised = await supervise(
      {
        name: 'crasher',
        command: process.execPath,
        args: ['-e', 'console.log(process.pid); setTimeout(() => {}, 60_000)'],
        onLine: (line) => lines.push(line),
      },
      { stopGraceMs: 10_000, log: silent, onGiveUp: (reason) => gaveUp.push(reason) },
    );
    await eventually(() => lines.length === 1);
    process.kill(Number(lines[0]), 'SIGKILL');
    await eventually(() => lines.length === 2, { what: 'the restart' });
    await supervised.stop();
    expect(() => process.kill(Number(lines[1]), 0)).toThrow('ESRCH');
    expect(gaveUp).toEqual([]);
  });

  it('are given up when their configuration is wrong', async () => {
    const gaveUp: string[] = [];
    await supervise(
      { name: 'confused', command: process.execPath, args: ['-e', 'process.exit(2)'], onLine: silent },
      { stopGraceMs: 10_000, log: silent, onGiveUp: (reason) => gaveUp.push(reason) },
    );
    await eventually(() => gaveUp.length === 1);
    expect(gaveUp[0]).toContain('confused');
  });
});
