import { Agent, type Dispatcher } from 'undici';
import type { AppError } from '../domain/errors.ts';
import type { SourceCall } from '../domain/ports/sources.ts';
import type { PathAt } from '../domain/sources/asset-path.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';
import { CONNECT_TIMEOUT_MS, createClients, IDLE_TIMEOUT_MS, SOCKETS, targetOf } from './clients.ts';
import { faultOf, faultOfStatus, orThrow, trouble } from './faults.ts';
import type { ProfileOf } from './profile-schema.ts';
import type { Profiles } from './profiles.ts';
import type { RemoteSource } from './remote-source.ts';

const ENDPOINT = 'https://storage.googleapis.com';
const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_only';

/** Longest answer about an object, or about an error, that is read. */
const ANSWER_BYTES = 256 * 1024;

type GcsPath = PathAt<'gcs'>;

/** Objects of Google Cloud Storage by its JSON API. Decision 10 says why its own client is not used. */
export function createGcsSource(profiles: Profiles): RemoteSource<'gcs'> {
  const ask = createClients(profiles, { kind: 'gcs', open: openClient, faultOf });
  return {
    stat: (path, call) =>
      ask(targetOf(path, call), async (gcs) => {
        const answer = await gcs.request(path, call, { fields: 'size' });
        if (answer.statusCode !== 200) return orThrow(await judgeRefusal(answer, gcs));
        const { size } = (await readJson(answer)) as { size?: string };
        return { bytes: size === undefined ? null : Number(size) };
      }),
    get: (path, call) =>
      ask(targetOf(path, call), async (gcs) => {
        const answer = await gcs.request(path, call, { alt: 'media' });
        if (answer.statusCode !== 200) return orThrow(await judgeRefusal(answer, gcs));
        const length = answer.headers['content-length'];
        return { bytes: typeof length === 'string' ? Number(length) : null, body: answer.body };
      }),
  };
}

async function openClient({ endpoint = ENDPOINT, credentials }: ProfileOf<'gcs'>) {
  const dispatcher = new Agent({
    connections: SOCKETS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: IDLE_TIMEOUT_MS,
    bodyTimeout: IDLE_TIMEOUT_MS,
  });
  const authorize = await authorization(credentials);
  return {
    /** Nobody has credentials to correct if there are none. */
    isAnonymous: 'anonymous' in credentials,
    async request({ bucket, object, generation }: GcsPath, { signal }: SourceCall, query: Query) {
      const parameters = new URLSearchParams({ ...query, ...(generation !== undefined && { generation }) });
      const path = `/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(object)}?${parameters.toString()}`;
      return dispatcher.request({
        origin: new URL(endpoint).origin,
        path,
        method: 'GET',
        // Without this, Google would unpack an object that is stored with gzip, and not tell its length.
        headers: { ...(await authorize()), 'accept-encoding': 'gzip' },
        ...(signal !== undefined && { signal }),
      });
    },
    close: () => void dispatcher.destroy(),
  };
}

type Query = { readonly alt: 'media' } | { readonly fields: string };
type Gcs = Awaited<ReturnType<typeof openClient>>;

async function authorization(
  credentials: ProfileOf<'gcs'>['credentials'],
): Promise<() => Promise<Record<string, string>>> {
  if ('anonymous' in credentials) return () => Promise.resolve({});
  const { GoogleAuth } = await import('google-auth-library');
  const auth = new GoogleAuth({
    scopes: [SCOPE],
    ...('keyFile' in credentials && { keyFile: credentials.keyFile }),
  });
  return async () => {
    try {
      return Object.fromEntries(await auth.getRequestHeaders());
    } catch {
      throw trouble('credentials');
    }
  };
}

/** Reasons of a 403 that say nothing about the object: a quota is used up, or our account or project is at fault. */
const NOT_ITS_FAULT = new Set([
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'quotaExceeded',
  'dailyLimitExceeded',
  'accessNotConfigured',
  'accountDisabled',
  'accountVerificationRequired',
  'UserProjectAccountProblem',
]);

async function judgeRefusal(answer: Dispatcher.ResponseData, gcs: Gcs): Promise<Unreachable | AppError> {
  const { statusCode } = answer;
  const { error } = (await readJson(answer)) as { error?: { errors?: { reason?: string }[] } };
  if (statusCode === 401 && !gcs.isAnonymous) return trouble('credentials');
  if (error?.errors?.some(({ reason = '' }) => NOT_ITS_FAULT.has(reason)) === true) return trouble('quota');
  return faultOfStatus(statusCode);
}

/** An empty object if the answer is no JSON, as errors of downloads may be. */
async function readJson({ body }: Dispatcher.ResponseData): Promise<object> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop destroys the body.
    if (bytes > ANSWER_BYTES) return {};
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
