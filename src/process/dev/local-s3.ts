import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { startEmbeddedS3 } from '../../dev/embedded-s3.ts';
import type { Track } from '../../dev/program.ts';

const BUCKET = 'samples';

interface LocalS3 {
  readonly bucket: string;
  readonly endpoint: string;
  /** Has a profile that reaches the bucket. */
  readonly sourcesFile: string;
}

/** `S3=yes`: a local S3 server with the files of `assets/` in a bucket. @throws {Error} if this machine has none */
export async function startLocalS3(
  { assetBase, S3_PORT: port }: Config,
  { dataDir, track }: { dataDir: string; track: Track },
): Promise<LocalS3> {
  const dir = join(dataDir, 's3');
  await mkdir(dir, { recursive: true });
  const keys = { accessKeyId: 'validatr', secretAccessKey: randomBytes(24).toString('base64url') };
  const identities = [{ ...keys, actions: [`Read:${BUCKET}`] }];
  const server = await startEmbeddedS3({ dataDir: dir, port, identities, track });
  if ('missing' in server)
    throw new Error(`S3=yes needs Python 3 and its registry of packages: ${server.missing}`);
  await server.fill(BUCKET, join(assetBase, 'assets'));
  const { endpoint } = server;
  const profile = { kind: 's3', endpoint, credentials: keys, tenants: ['*'], buckets: [BUCKET] };
  const sourcesFile = join(dir, 'sources.json');
  await writeFile(sourcesFile, JSON.stringify({ profiles: { s3: profile } }, null, 2), { mode: 0o600 });
  return { bucket: BUCKET, endpoint, sourcesFile };
}
