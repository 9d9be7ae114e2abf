import type { Readable } from 'node:stream';
import type { BlobClient, RestError, StoragePipelineOptions } from '@azure/storage-blob';
import type { AppError } from '../domain/errors.ts';
import type { Found, SourceCall } from '../domain/ports/sources.ts';
import type { PathAt } from '../domain/sources/asset-path.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';
import { createClients, targetOf } from './clients.ts';
import { faultOfNamed, trouble } from './faults.ts';
import type { ProfileOf } from './profile-schema.ts';
import type { Profiles } from './profiles.ts';
import { type RemoteSource, totalIn } from './remote-source.ts';

type AzurePath = PathAt<'azure'>;
type Profile = ProfileOf<'azure'>;

const OPTIONS: StoragePipelineOptions = {
  // Temporal tries again.
  retryOptions: { maxTries: 1 },
};

/** Blobs of Azure storage. The SDK is loaded when the first profile needs it. */
export function createAzureSource(profiles: Profiles): RemoteSource<'azure'> {
  const ask = createClients(profiles, { kind: 'azure', open: openClient, faultOf: faultOfAnswer });
  return {
    stat: (path, call) =>
      ask(targetOf(path, call), async (azure) => {
        const blob = azure.blobAt(path);
        try {
          const { contentLength, accessTier } = await blob.getProperties(optionsOf(call));
          if (accessTier === 'Archive') return { unreachable: 'archived' };
          return { bytes: contentLength ?? null };
        } catch (error) {
          if (!isSilent(error)) throw error;
          return askForOneByte(blob, call);
        }
      }),
    get: (path, call) =>
      ask(targetOf(path, call), async (azure) => {
        const answer = await azure.blobAt(path).download(0, undefined, optionsOf(call));
        if (answer.readableStreamBody === undefined) throw trouble('no_body');
        return { bytes: answer.contentLength ?? null, body: answer.readableStreamBody as Readable };
      }),
  };
}

function optionsOf({ signal }: SourceCall) {
  return { maxRetryRequests: 0, ...(signal !== undefined && { abortSignal: signal }) };
}

async function openClient(profile: Profile) {
  const service = await openService(profile);
  return {
    blobAt({ container, blob, versionId }: AzurePath): BlobClient {
      const client = service.getContainerClient(container).getBlobClient(blob);
      return versionId === undefined ? client : client.withVersion(versionId);
    },
    // The SDK has no means for it. Idle connections end by themselves.
    close: () => undefined,
  };
}

async function openService({ endpoint, credentials }: Profile) {
  const sdk = await import('@azure/storage-blob');
  if ('connectionString' in credentials)
    return sdk.BlobServiceClient.fromConnectionString(credentials.connectionString, OPTIONS);
  const url = endpoint ?? `https://${credentials.account}.blob.core.windows.net`;
  const credential =
    'key' in credentials
      ? new sdk.StorageSharedKeyCredential(credentials.account, credentials.key)
      : await identityOfMachine();
  return new sdk.BlobServiceClient(url, credential, OPTIONS);
}

/** Environment, workload identity of the pod, managed identity of the machine, command line of Azure. */
async function identityOfMachine() {
  const { DefaultAzureCredential } = await import('@azure/identity');
  const identity = new DefaultAzureCredential();
  return {
    async getToken(...wanted: Parameters<typeof identity.getToken>) {
      try {
        return await identity.getToken(...wanted);
      } catch {
        throw trouble('credentials');
      }
    },
  };
}

/** Whether an answer has a status that could mean our credentials as well as the blob, and no code. */
function isSilent(error: unknown): boolean {
  const { statusCode } = error as Partial<RestError>;
  const isClear = statusCode === undefined || statusCode === 404 || statusCode >= 500;
  return !isClear && nameOf(error) === '';
}

/** An error of a GET has a code in its body. */
async function askForOneByte(blob: BlobClient, call: SourceCall): Promise<Found> {
  const { readableStreamBody, contentRange } = await blob.download(0, 1, optionsOf(call));
  (readableStreamBody as Readable | undefined)?.destroy();
  return { bytes: totalIn(contentRange) };
}

function nameOf(error: unknown): string {
  const { code = '', response } = error as Partial<RestError>;
  return response?.headers.get('x-ms-error-code') ?? code;
}

function faultOfAnswer(error: unknown): Unreachable | AppError {
  return faultOfNamed(error, nameOf(error), (error as Partial<RestError>).statusCode);
}
