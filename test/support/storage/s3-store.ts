import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { PathAt } from '../../../src/domain/sources/asset-path.ts';
import type { ObjectStore } from './object-store.ts';

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Server {
  readonly endpoint: string;
  /** May do everything. */
  readonly owner: Keys;
  /** Those of our profile. */
  readonly reader: Keys;
  readonly close: () => Promise<void>;
}

export interface S3Store extends ObjectStore {
  readonly client: S3Client;
  readonly endpoint: string;
  pathOf(name: string): PathAt<'s3'>;
}

export const OPEN_BUCKET = 'open';
export const CLOSED_BUCKET = 'closed';

/** A client for what tests prepare on a server. */
function createS3Client(endpoint: string, credentials: Keys): S3Client {
  return new S3Client({
    endpoint,
    // The SDK adds to the object that it gets.
    credentials: { ...credentials },
    region: 'us-east-1',
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
}

/** The buckets of a server that speaks S3. */
export async function fillS3Store({ endpoint, owner, reader, close }: Server): Promise<S3Store> {
  const client = createS3Client(endpoint, owner);
  for (const Bucket of [OPEN_BUCKET, CLOSED_BUCKET]) await client.send(new CreateBucketCommand({ Bucket }));
  const putIn = (Bucket: string, Key: string, Body: Buffer) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body }));
  const put = async (name: string, content: Buffer) => void (await putIn(OPEN_BUCKET, name, content));
  await putIn(CLOSED_BUCKET, 'a.jpg', Buffer.from('closed'));
  return {
    client,
    endpoint,
    profiles: { s3: { kind: 's3', endpoint, credentials: reader, tenants: ['*'], buckets: ['*'] } },
    pathOf: (key) => ({ location: 's3', bucket: OPEN_BUCKET, key }),
    put,
    grow: put,
    async putVersion(key, content) {
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket: OPEN_BUCKET, VersioningConfiguration }));
      const { VersionId: versionId = '' } = await putIn(OPEN_BUCKET, key, content);
      return { location: 's3', bucket: OPEN_BUCKET, key, versionId };
    },
    forbiddenCause: 'forbidden',
    forbidden: { location: 's3', bucket: CLOSED_BUCKET, key: 'a.jpg' },
    async close() {
      client.destroy();
      await close();
    },
  };
}
