import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../../src/dev/embedded-postgres.ts';
import { freePort } from '../../../../src/dev/free-port.ts';
import { endAtLast } from '../../../support/left-over.ts';
import { eventually } from '../../../support/eventually.ts';

/** Starts a command in the background and never waits for it, as a container's slow init. */
const NEVER_REAPS = '"$@" >/dev/null 2>&1 & echo $!; exec sleep 600';

describe.runIf(process.platform === 'linux')('the embedded Postgres, after it was killed', () => {
  let dir: string;
  let cluster: string;
  /** What ran the server: its binary, arguments and user. */
  let command: string[];
  let user: { uid: number; gid: number };
  let said: string[];
  const holders: ChildProcess[] = [];

  const start = async (): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({
      dataDir: join(dir, 'postgres'),
      port: await freePort(),
      log: () => undefined,
      say: (line) => said.push(line),
    });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-pg-'));
    // So the user of the server can reach it, and everything lies here.
    await chmod(dir, 0o755);
    said = [];
    const made = await start();
    command = [
      readlinkSync(`/proc/${made.pid}/exe`),
      ...readFileSync(`/proc/${made.pid}/cmdline`, 'utf8').split('\0').slice(1, -1),
    ];
    cluster = join(made.dataDir, 'cluster');
    user = await stat(cluster);
    await made.stop();
  });
  afterEach(async () => {
    for (const holder of holders.splice(0)) holder.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  });

  /** Runs a command as the server's user. Returns the id of its process, whose parent never waits for it. */
  async function runUnreaped(...args: string[]): Promise<number> {
    const { uid, gid } = user;
    const holder = spawn('sh', ['-c', NEVER_REAPS, 'sh', ...args], {
      uid,
      gid,
      cwd: '/',
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    holders.push(holder);
    const [line] = (await once(createInterface({ input: holder.stdout }), 'line')) as [string];
    endAtLast(() => {
      holder.kill('SIGKILL');
      return Promise.resolve();
    });
    return Number(line);
  }

  const lockHolder = async (): Promise<number> =>
    Number((await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
  const stateOf = (pid: number): string =>
    execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim();

  function childOf(pid: number, title: string): number | undefined {
    const table = execFileSync('ps', ['-A', '-o', 'ppid=,pid=,args='], { encoding: 'utf8' });
    const row = table.split('\n').find((line) => line.trim().startsWith(`${pid} `) && line.includes(title));
    return row === undefined ? undefined : Number(row.trim().split(/\s+/)[1]);
  }

  it('starts though the killed server is a zombie that nobody reaps', async () => {
    const pid = await runUnreaped(...command);
    await eventually(async () => (await lockHolder()) === pid, { what: 'its lock' });
    process.kill(pid, 'SIGKILL');
    await eventually(() => stateOf(pid).startsWith('Z'), { what: 'the zombie' });

    const postgres = await start();
    expect(stateOf(pid)).toMatch(/^Z/);
    expect(said).toEqual([expect.stringContaining(`process ${pid}`)]);
    await postgres.stop();
  });

  it('starts though another program got the process id, and leaves that program alone', async () => {
    const pid = await runUnreaped('sleep', '600');
    await writeFile(join(cluster, 'postmaster.pid'), `${pid}\n${cluster}\n`);

    const postgres = await start();
    expect(stateOf(pid)).toMatch(/^S/);
    await postgres.stop();
    process.kill(pid, 'SIGKILL');
  });

  it('waits for a server that is still ending, and says so', async () => {
    const pid = await runUnreaped(...command);
    await eventually(async () => (await lockHolder()) === pid, { what: 'its lock' });

    const starting = start();
    await eventually(() => said.some((line) => line.includes(`Waiting for process ${pid}`)), {
      what: 'the message',
    });
    process.kill(pid, 'SIGTERM');
    await (await starting).stop();
  });

  it('waits for processes that the killed server has left, and says so', async () => {
    const pid = await runUnreaped(...command);
    const child = await eventually(() => childOf(pid, 'checkpointer'), { what: 'its checkpointer' });
    process.kill(child, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    await eventually(() => stateOf(pid).startsWith('Z'), { what: 'the zombie' });

    const starting = start();
    await eventually(() => said.some((line) => line.includes('Waiting for processes')), {
      what: 'the message',
    });
    process.kill(child, 'SIGCONT');
    await (await starting).stop();
  });
});
