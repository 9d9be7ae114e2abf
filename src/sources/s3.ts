import type { Readable } from 'node:stream';
import type { HeadObjectCommandOutput, S3ClientConfig, S3ServiceException } from '@aws-sdk/client-s3';
import type { AppError } from '../domain/errors.ts';
import type { Found, SourceCall } from '../domain/ports/sources.ts';
import type { PathAt } from '../domain/sources/asset-path.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';
import { CONNECT_TIMEOUT_MS, createClients, IDLE_TIMEOUT_MS, SOCKETS, targetOf } from './clients.ts';
import { faultOfNamed, trouble } from './faults.ts';
import type { ProfileOf } from './profile-schema.ts';
import type { Profiles } from './profiles.ts';
import { type RemoteSource, totalIn } from './remote-source.ts';

type S3Path = PathAt<'s3'>;
type S3 = Awaited<ReturnType<typeof openClient>>;

/** Objects of S3 and of servers that speak its protocol. The SDK is loaded when the first profile needs it. */
export function createS3Source(profiles: Profiles): RemoteSource<'s3'> {
  const ask = createClients(profiles, { kind: 's3', open: openClient, faultOf: faultOfAnswer });
  return {
    stat: (path, call) =>
      ask(targetOf(path, call), async (s3) => {
        const head = await s3.head(path, call).catch((error: unknown) => {
          if (!isSilent(error)) throw error;
          return null;
        });
        return head === null ? askForOneByte(s3, path, call) : judgeHead(head);
      }),
    get: (path, call) =>
      ask(targetOf(path, call), async (s3) => {
        const { Body, ContentLength: bytes } = await s3.get(path, call);
        if (Body === undefined) throw trouble('no_body');
        return { bytes: bytes ?? null, body: Body as Readable };
      }),
  };
}

async function openClient(profile: ProfileOf<'s3'>) {
  const sdk = await import('@aws-sdk/client-s3');
  const { endpoint, region = 'us-east-1', forcePathStyle = endpoint !== undefined } = profile;
  const client = new sdk.S3Client({
    region,
    forcePathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...credentialsOf(profile.credentials),
    // Temporal tries again.
    maxAttempts: 1,
    // Otherwise the SDK asks for checksums that R2 and others do not know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: IDLE_TIMEOUT_MS,
      httpAgent: { maxSockets: SOCKETS, keepAlive: true },
      httpsAgent: { maxSockets: SOCKETS, keepAlive: true },
    },
  });

  /** An AccessDenied of the service that gives us credentials says nothing about the object. */
  async function requireCredentials(): Promise<void> {
    try {
      await client.config.credentials();
    } catch {
      throw trouble('credentials');
    }
  }

  const inputOf = ({ bucket, key, versionId }: S3Path) => ({
    Bucket: bucket,
    Key: key,
    ...(versionId !== undefined && { VersionId: versionId }),
  });
  const optionsOf = ({ signal }: SourceCall) => (signal === undefined ? {} : { abortSignal: signal });

  return {
    async head(path: S3Path, call: SourceCall) {
      await requireCredentials();
      return client.send(new sdk.HeadObjectCommand(inputOf(path)), optionsOf(call));
    },
    async get(path: S3Path, call: SourceCall, range: { Range?: string } = {}) {
      await requireCredentials();
      return client.send(new sdk.GetObjectCommand({ ...inputOf(path), ...range }), optionsOf(call));
    },
    close: () => client.destroy(),
  };
}

function credentialsOf(given: ProfileOf<'s3'>['credentials']): Pick<S3ClientConfig, 'credentials'> {
  // Environment, shared files, and the identity of the machine or the pod.
  if ('from' in given) return {};
  const { sessionToken, ...keys } = given;
  return { credentials: { ...keys, ...(sessionToken !== undefined && { sessionToken }) } };
}

/** Whether the answer to a HEAD has a status that could mean our credentials or the region as well as the object. */
function isSilent(error: unknown): boolean {
  const status = statusOf(error);
  return status !== undefined && status !== 404 && status < 500;
}

/** An error of a GET has a name, which says whose fault it is. */
async function askForOneByte(s3: S3, path: S3Path, call: SourceCall): Promise<Found> {
  const { Body, ContentRange } = await s3.get(path, call, { Range: 'bytes=0-0' });
  (Body as Readable | undefined)?.destroy();
  return { bytes: totalIn(ContentRange) };
}

function judgeHead({
  ContentLength,
  StorageClass,
  Restore = '',
}: HeadObjectCommandOutput): Found | Unreachable {
  const isArchived = StorageClass === 'GLACIER' || StorageClass === 'DEEP_ARCHIVE';
  if (isArchived && !Restore.includes('ongoing-request="false"')) return { unreachable: 'archived' };
  return { bytes: ContentLength ?? null };
}

function statusOf(error: unknown): number | undefined {
  return (error as Partial<S3ServiceException>).$metadata?.httpStatusCode;
}

/** An answer to HEAD has no name. */
function faultOfAnswer(error: unknown): Unreachable | AppError {
  return faultOfNamed(error, (error as Partial<S3ServiceException>).name ?? '', statusOf(error));
}
