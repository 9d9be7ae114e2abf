import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedS3 } from '../../../src/dev/embedded-s3.ts';
import { freePort } from '../../../src/dev/free-port.ts';
import { endAtLast } from '../left-over.ts';
import { fillS3Store, OPEN_BUCKET, type S3Store } from './s3-store.ts';

const owner = { accessKeyId: 'owner', secretAccessKey: 'owner-secret' };
const reader = { accessKeyId: 'reader', secretAccessKey: 'reader-secret' };

/** SeaweedFS, a server of its own with S3's protocol. Our reader may read one bucket, and list nothing. */
export async function startSeaweedFs(): Promise<S3Store | { missing: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'validatr-seaweedfs-'));
  const server = await startEmbeddedS3({
    dataDir,
    port: await freePort(),
    identities: [
      { ...owner, actions: ['Admin'] },
      { ...reader, actions: [`Read:${OPEN_BUCKET}`] },
    ],
    track: (program) =>
      Promise.resolve(
        void program.process.once(
          'exit',
          endAtLast(() => program.stop('SIGKILL', 0)),
        ),
      ),
  });
  if ('missing' in server) return server;
  return fillS3Store({
    endpoint: server.endpoint,
    owner,
    reader,
    async close() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  });
}
