import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedS3 } from '../../src/dev/embedded-s3.ts';
import { startServers } from '../../src/dev/embedded-stack.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { loopbackEnvironment, migrateDatabase, waitUntilStarted } from '../../src/dev/our-programs.ts';
import type { Target } from '../load.ts';
import { startOurProgram, stopProgram } from '../programs.ts';

const BUCKET = 'samples';
const KEYS = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' };

export interface SourceStack extends Target {
  readonly bucket: string;
  readonly webUrl: string;
  /** Process ids. `s3` and `web` are the servers that have the samples. */
  readonly pids: Readonly<Record<'api' | 'worker' | 'temporal' | 's3' | 'web', number>>;
  stop(): Promise<void>;
}

/** Servers, API and worker, and beside them the samples in S3 and on the web. `missing`: why this machine has no S3 server. */
export async function startSourceStack(
  say: (line: string) => void,
): Promise<SourceStack | { readonly missing: string }> {
  const closings: (() => Promise<unknown>)[] = [];
  async function stop(): Promise<void> {
    for (const close of closings.splice(0)) await close();
  }
  function own(program: ChildProcess): ChildProcess {
    closings.unshift(() => stopProgram(program));
    return program;
  }

  try {
    const dir = await mkdtemp(join(tmpdir(), 'validatr-bench-sources-'));
    closings.unshift(() => rm(dir, { recursive: true }));
    const s3 = await startEmbeddedS3({
      dataDir: join(dir, 's3'),
      port: await freePort(),
      identities: [{ ...KEYS, actions: [`Read:${BUCKET}`] }],
    });
    if ('missing' in s3) {
      await stop();
      return s3;
    }
    closings.unshift(() => s3.stop());
    await s3.fill(BUCKET, 'assets');

    const web = own(fork(fileURLToPath(new URL('file-server.ts', import.meta.url))));
    const [webUrl] = (await once(web, 'message')) as [string];

    const pids: Record<string, number> = {};
    const servers = await startServers({
      log: say,
      run: (part, start) => start((program) => Promise.resolve(void (pids[part] = program.pid))),
    });
    closings.unshift(() => servers.stop());
    const { databaseUrl, temporalAddress } = servers;
    await migrateDatabase({ env: { ...process.env, DATABASE_URL: databaseUrl } });

    const SOURCES_FILE = join(dir, 'sources.json');
    const { endpoint } = s3;
    const profile = { kind: 's3', endpoint, credentials: KEYS, tenants: ['*'], buckets: [BUCKET] };
    await writeFile(SOURCES_FILE, JSON.stringify({ profiles: { s3: profile } }), { mode: 0o600 });
    const port = await freePort();
    const env = {
      ...loopbackEnvironment({ databaseUrl, temporalAddress, port }),
      VALIDATR_DATA_DIR: join(dir, 'data'),
      SOURCES_FILE,
      LOG_LEVEL: 'warn',
    };
    const [api, worker] = [own(startOurProgram('api', env)), own(startOurProgram('worker', env))];
    const baseUrl = `http://127.0.0.1:${port}`;
    await waitUntilStarted(baseUrl);
    return {
      baseUrl,
      databaseUrl,
      bucket: BUCKET,
      webUrl,
      pids: {
        api: pidOf(api),
        worker: pidOf(worker),
        temporal: pids['temporal'] ?? 0,
        s3: s3.pid,
        web: pidOf(web),
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function pidOf({ pid = 0 }: ChildProcess): number {
  return pid;
}
