import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServers } from '../src/dev/embedded-stack.ts';
import { freePort } from '../src/dev/free-port.ts';
import {
  loopbackEnvironment,
  migrateDatabase,
  waitUntilServing,
  waitUntilStarted,
} from '../src/dev/our-programs.ts';
import { measureAccept } from './accept.ts';
import { measureBacklog } from './backlog.ts';
import { measureIdle } from './idle.ts';
import { measurePipeline } from './pipeline.ts';
import { measurePolicies } from './policies.ts';
import { residentMiB, startOurProgram, stopProgram } from './programs.ts';
import { measureReceivers } from './receivers.ts';
import { measureUploads } from './uploads.ts';

export type OneStackQuestion =
  | 'idle'
  | 'pipeline'
  | 'policies'
  | 'receivers'
  | 'uploads'
  | 'backlog'
  | 'accept';

interface Asked {
  /** Measures, if it is asked. */
  ask(name: OneStackQuestion, measure: () => Promise<unknown>): Promise<void>;
  say(line: string): void;
}

/** Answers the questions that share the embedded servers, one after the other. API and worker are processes beside this one. */
export async function measureOnOneStack({ ask, say }: Asked): Promise<void> {
  const programs: ChildProcess[] = [];
  function start(name: 'api' | 'worker', env: Record<string, string>): ChildProcess {
    const program = startOurProgram(name, env);
    programs.push(program);
    return program;
  }

  const uploadsDir = await mkdtemp(join(tmpdir(), 'validatr-bench-uploads-'));
  const servers = await startServers({ log: say });
  try {
    const { databaseUrl, temporalAddress } = servers;
    await migrateDatabase({ env: { ...process.env, DATABASE_URL: databaseUrl } });

    const port = await freePort();
    const target = { baseUrl: `http://127.0.0.1:${port}`, databaseUrl };
    const env = {
      ...loopbackEnvironment({ databaseUrl, temporalAddress, port }),
      LOG_LEVEL: 'warn',
      UPLOADS_DIR: uploadsDir,
    };

    const [api, worker] = [start('api', env), start('worker', env)];
    await waitUntilStarted(target.baseUrl);
    await ask('idle', () => measureIdle(target));
    await ask('pipeline', async () => ({
      ...(await measurePipeline(target)),
      workerResidentMiB: await residentMiB(worker),
    }));
    await ask('policies', () => measurePolicies(target));
    await ask('receivers', () => measureReceivers(target));
    await ask('uploads', () => measureUploads({ target, apiPid: Number(api.pid), uploadsDir, say }));
    await Promise.all([stopProgram(worker), stopProgram(api)]);
    await ask('backlog', async () => {
      const api = start('api', env);
      await waitUntilServing(target.baseUrl);
      const startWorker = () => {
        const worker = start('worker', env);
        return Promise.resolve(() => residentMiB(worker));
      };
      const result = await measureBacklog(target, { apiMiB: () => residentMiB(api), startWorker }, say);
      await Promise.all(programs.map((program) => stopProgram(program)));
      return result;
    });
    // Last, because it leaves a hundred thousand rows that no worker validates.
    await ask('accept', async () => {
      start('api', { ...env, DISPATCHER: 'off' });
      await waitUntilServing(target.baseUrl);
      return measureAccept(target);
    });
  } finally {
    await Promise.all(programs.map((program) => stopProgram(program)));
    await servers.stop();
    await rm(uploadsDir, { recursive: true });
  }
}
