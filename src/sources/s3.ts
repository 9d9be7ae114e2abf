import type { Readable } from 'node:stream';
import type { GetObjectCommandInput, S3ClientConfig, S3ServiceException } from '@aws-sdk/client-s3';
import { LRUCache } from 'lru-cache';
import type { S3Path } from '../domain/sources/asset-path.ts';
import type { AppError } from '../domain/errors.ts';
import type { SourceCall } from '../domain/ports/sources.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';
import { faultOf, faultOfCode, faultOfStatus, orThrow, trouble } from './faults.ts';
import type { ProfileOf } from './profile-schema.ts';
import type { Profiles } from './profiles.ts';
import type { RemoteSource } from './remote-source.ts';

/** Clients that are kept, with their connections and credentials. One for each profile is usual. */
const CLIENTS = 32;

/** Connections of one client. */
const SOCKETS = 64;

const CONNECT_TIMEOUT_MS = 5_000;

/** Longest pause between two bytes. The whole time is bounded by the caller's signal. */
const IDLE_TIMEOUT_MS = 20_000;

type Sdk = typeof import('@aws-sdk/client-s3');

/** Objects of S3 and of servers that speak its protocol. The SDK is loaded when the first profile needs it. */
export function createS3Source(profiles: Profiles): RemoteSource<'s3'> {
  const clients = new LRUCache<ProfileOf<'s3'>, ReturnType<typeof openClient>>({
    max: CLIENTS,
    dispose: (client) => void client.then(({ destroy }) => destroy()),
  });

  function clientOf(profile: ProfileOf<'s3'>) {
    const kept = clients.get(profile) ?? openClient(profile);
    clients.set(profile, kept);
    return kept;
  }

  async function ask<Answer>(
    { bucket, key, versionId, profile }: S3Path,
    { tenant, signal }: SourceCall,
    send: (
      client: Awaited<ReturnType<typeof openClient>>,
      input: GetObjectCommandInput,
      options: { abortSignal?: AbortSignal },
    ) => Promise<Answer>,
  ): Promise<Answer | Unreachable> {
    const reached = profiles.find('s3', { tenant, profile, bucket, name: key });
    if (typeof reached === 'string') return { unreachable: reached };
    const input = { Bucket: bucket, Key: key, ...(versionId !== undefined && { VersionId: versionId }) };
    try {
      return await send(await clientOf(reached), input, signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      return orThrow(faultOfAnswer(error));
    }
  }

  return {
    stat: (path, call) =>
      ask(path, call, async ({ client, sdk }, input, options) => {
        const { ContentLength: bytes } = await client.send(new sdk.HeadObjectCommand(input), options);
        return { bytes: bytes ?? null };
      }),
    get: (path, call) =>
      ask(path, call, async ({ client, sdk }, input, options) => {
        const { Body, ContentLength: bytes } = await client.send(new sdk.GetObjectCommand(input), options);
        if (Body === undefined) throw trouble('no_body');
        return { bytes: bytes ?? null, body: Body as Readable };
      }),
  };
}

async function openClient(profile: ProfileOf<'s3'>) {
  const sdk: Sdk = await import('@aws-sdk/client-s3');
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
  return { sdk, client, destroy: () => client.destroy() };
}

function credentialsOf(given: ProfileOf<'s3'>['credentials']): Pick<S3ClientConfig, 'credentials'> {
  // Environment, shared files, and the identity of the machine or the pod.
  if ('from' in given) return {};
  const { sessionToken, ...keys } = given;
  return { credentials: { ...keys, ...(sessionToken !== undefined && { sessionToken }) } };
}

/** The name of the error in an answer says more than its status. An answer to HEAD has no name. */
function faultOfAnswer(error: unknown): Unreachable | AppError {
  const { name = '', $metadata } = error as Partial<S3ServiceException>;
  const status = $metadata?.httpStatusCode;
  return faultOfCode(name) ?? (status === undefined ? faultOf(error) : faultOfStatus(status));
}
