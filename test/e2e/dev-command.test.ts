import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/dev/free-port.ts';
import { createTestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { runPageRequests } from '../support/pages/page-requests.ts';

/** What our programs logged. */
function messagesOf(output: string): string[] {
  const lines = [...output.matchAll(/^(?:api|worker|migrate) *\| (.*)$/gm)];
  return lines.map(([, line = '']) => (JSON.parse(line) as { msg: string }).msg);
}

interface Details {
  readonly state: string;
  readonly asset: { readonly location: string };
  readonly findings: readonly { readonly measured: { readonly cause: string } }[];
}

/** `npm run dev` as a person starts it: data and ports of its own. */
describe('npm run dev', () => {
  let dir: string;
  let env: Record<string, string>;
  let baseUrl: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-stack-'));
    const ports = await Promise.all(Array.from({ length: 4 }, freePort));
    const names = ['PORT', 'POSTGRES_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT'];
    env = Object.fromEntries(names.map((name, index) => [name, String(ports[index])]));
    env['VALIDATR_DATA_DIR'] = dir;
    baseUrl = `http://127.0.0.1:${env['PORT']}`;
  });
  afterAll(async () => {
    for (const pid of ours()) process.kill(pid, 'SIGKILL');
    await rm(dir, { recursive: true, force: true });
  });

  function start(more: Record<string, string> = {}): { program: ChildProcess; output: () => string } {
    const program = spawn(process.execPath, ['src/bin/dev.ts'], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [program.stdout, program.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    return { program, output: () => output };
  }

  /** Processes of this stack: they have its directory, or one of its ports, in their command line or environment. */
  function ours(): number[] {
    const lines = execFileSync('ps', ['-A', 'eww', '-o', 'pid=,args=']).toString().split('\n');
    return lines
      .filter((line) => line.includes(`VALIDATR_DATA_DIR=${dir}`) || line.includes(`${dir}/`))
      .map((line) => Number.parseInt(line, 10))
      .filter((pid) => pid !== process.pid);
  }

  /** A process that was told to end may still need a moment. */
  const areGone = () =>
    eventually(() => ours().length === 0, { withinMs: 3_000, what: 'the end of every process' });

  const isReady = (output: () => string) =>
    eventually(() => output().includes('Validatr is ready'), { what: 'the stack' });

  it('brings the stack up, keeps data over a kill, and leaves no process behind', async () => {
    const first = start();
    await isReady(first.output);
    // Waiting for each other is part of the start, and nobody has to do anything about it.
    expect(new Set(messagesOf(first.output()))).toEqual(
      new Set(['webhooks and assets may reach addresses that are not public']),
    );
    expect(first.output()).toContain(`curl ${baseUrl}/assets/image/`);
    expect(first.output()).toContain(`${baseUrl}/docs`);
    const client = createTestClient(baseUrl);
    const id = await client.submit('./assets/rocket.jpg');
    expect(await client.verdict(id, 2_000)).toEqual({ id, state: 'complete' });

    const rival = start();
    await once(rival.program, 'exit');
    expect(rival.program.exitCode).toBe(1);
    expect(rival.output()).toContain('It runs already');

    first.program.kill('SIGKILL');
    await once(first.program, 'exit');
    expect(ours().length).toBeGreaterThan(0);

    const second = start();
    await isReady(second.output);
    expect(await client.read(`/assets/${id}`)).toEqual({ id, state: 'complete' });
    second.program.kill('SIGTERM');
    await once(second.program, 'close');
    expect(second.program.exitCode).toBe(0);
    expect(second.output()).toMatch(/\nStopped\.\n$/);
    await areGone();
  });

  it('brings a local S3 server with the samples, if asked to, and takes every request of docs/sources.md', async ({
    skip,
  }) => {
    const { program, output } = start({ S3: 'yes', S3_PORT: String(await freePort()) });
    await eventually(() => program.exitCode !== null || output().includes('Validatr is ready'));
    if (output().includes('S3=yes needs')) return skip('there is no S3 server for this machine');
    const assetPath = { location: 's3', bucket: 'samples', key: 'rocket.jpg' };
    expect(output()).toContain(`-d '${JSON.stringify({ assetPath })}'`);
    const client = createTestClient(baseUrl);
    const answer = await client.call('POST', '/assets/image/', { assetPath }, { prefer: 'wait=30' });
    expect(await answer.json()).toMatchObject({ state: 'complete' });

    const page = await runPageRequests('docs/sources.md', {
      8000: env['PORT'] ?? '',
      8900: await freePort(),
    });
    const verdicts = new Map<string, string[]>();
    for (const id of page.ids) {
      await client.verdict(id);
      const { state, asset, findings } = await client.read<Details>(`/assets/${id}/details`);
      const causes = findings.map(({ measured }) => measured.cause);
      verdicts.set(asset.location, [...(verdicts.get(asset.location) ?? []), [state, ...causes].join(' ')]);
    }
    await page.close();
    expect(Object.fromEntries(verdicts)).toEqual({
      local: ['complete'],
      s3: ['complete'],
      gcs: ['failed profile_unknown'],
      azure: ['failed profile_unknown'],
      upload: ['complete', 'complete', 'complete'],
      http: ['complete'],
    });
    program.kill('SIGTERM');
    await once(program, 'close');
    await areGone();
  });

  it('leaves no process behind when it is stopped while it starts', async () => {
    const { program, output } = start();
    await eventually(() => output().includes('Starting Temporal'));
    program.kill('SIGINT');
    await once(program, 'close');
    expect(output()).toMatch(/\nStopped\.\n$/);
    await areGone();
  });

  it.each([
    ['EGRESS_ALLOW', '10.0.0.0/99'],
    ['SECRETS_KEY', 'short'],
    ['SECRETS_KEY_FILE', '/nowhere'],
    ['AUTH_DISABLED_ON_PUBLIC_ADDRESS', 'perhaps'],
  ])('starts nothing with a wrong setting: %s', async (name, value) => {
    const { program, output } = start({ [name]: value });
    await once(program, 'close');
    expect(program.exitCode).toBe(2);
    expect(output()).toMatch(new RegExp(`^validatr dev: .*\n  ${name} `));
    expect(output()).not.toContain('Starting');
  });

  it('names a taken port, its purpose and the variable that changes it', async () => {
    const squatter = createServer().listen(Number(env['TEMPORAL_UI_PORT']), '127.0.0.1');
    await once(squatter, 'listening');
    const { program, output } = start();
    await once(program, 'exit');
    expect(program.exitCode).toBe(1);
    expect(output()).toMatch(/Port \d+, for Temporal's Web UI, is taken.*TEMPORAL_UI_PORT=/);
    squatter.close();
  });

  it('explains itself', async () => {
    const text = execFileSync(process.execPath, ['src/bin/dev.ts', '--help']).toString();
    expect(text).toContain('TEMPORAL_UI_PORT');
    const wrong = spawn(process.execPath, ['src/bin/dev.ts', '--halp'], { stdio: 'ignore' });
    await once(wrong, 'exit');
    expect(wrong.exitCode).toBe(2);
  });
});
