import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/dev/free-port.ts';
import { installPython } from '../../../src/dev/python-environment.ts';
import { startServer } from './object-store.ts';
import { CLOSED_BUCKET, fillS3Store, type S3Store } from './s3-store.ts';

/** Moto asks nobody for a key. A policy of the bucket refuses what is forbidden. */
const ANY_KEYS = { accessKeyId: 'any', secretAccessKey: 'any' };

/** Moto: AWS as Python code. */
export async function startMoto(): Promise<S3Store | { missing: string }> {
  const installed = await installPython(['moto[s3]==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5']);
  if ('missing' in installed) return installed;
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const close = await startServer(join(installed.bin, 'moto_server'), ['-p', String(port)], {
    probe: `${endpoint}/moto-api/`,
    cwd: tmpdir(),
  });
  const store = await fillS3Store({ endpoint, owner: ANY_KEYS, reader: ANY_KEYS, close });
  const policy = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: `arn:aws:s3:::${CLOSED_BUCKET}/*` },
    ],
  };
  await store.client.send(
    new PutBucketPolicyCommand({ Bucket: CLOSED_BUCKET, Policy: JSON.stringify(policy) }),
  );
  return store;
}
