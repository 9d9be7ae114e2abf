import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import type { Found } from '../../../../src/domain/ports/sources.ts';
import type { Unreachable } from '../../../../src/domain/sources/unreachable.ts';
import { createAzureSource } from '../../../../src/sources/azure.ts';
import { createGcsSource } from '../../../../src/sources/gcs.ts';
import { openProfiles, type Profiles } from '../../../../src/sources/profiles.ts';
import { createS3Source } from '../../../../src/sources/s3.ts';
import { serve } from '../../../support/serve.ts';

/** Answers of the clouds that no emulator gives. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let dir: string;
let server: Awaited<ReturnType<typeof serve>>;
let profiles: Profiles;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'validatr-answers-'));
  server = await serve((request, response) => answer(request, response));
  const common = { endpoint: server.baseUrl, tenants: ['*'], buckets: ['*'] };
  const s3 = { ...common, kind: 's3', credentials: { accessKeyId: 'id', secretAccessKey: 'key' } };
  const gcs = { ...common, kind: 'gcs', credentials: { anonymous: true } };
  const azure = { ...common, kind: 'azure', credentials: { account: 'a', key: 'a2V5' } };
  const keyFile = join(dir, 'missing.json');
  const path = join(dir, 'sources.json');
  await writeFile(
    path,
    JSON.stringify({ profiles: { s3, gcs, azure, keyless: { ...gcs, credentials: { keyFile } } } }),
  );
  profiles = await openProfiles(path, {});
});
afterAll(async () => {
  server.close();
  await rm(dir, { recursive: true });
});

/** The cause, `trouble: <reason>`, or the length. */
async function wordOf(asking: Promise<Found | Unreachable>): Promise<unknown> {
  try {
    const answered = await asking;
    return 'unreachable' in answered ? answered.unreachable : answered.bytes;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return `trouble: ${(error.cause as Error).message}`;
  }
}

const call = { tenant: 'a', signal: AbortSignal.timeout(600_000) };

describe('an answer of S3', () => {
  const path = { location: 's3', bucket: 'photos', key: 'a.jpg' } as const;
  const s3 = () => createS3Source(profiles);

  it.each([
    [403, 'AccessDenied', 'forbidden'],
    [403, 'AllAccessDisabled', 'forbidden'],
    [403, 'InvalidObjectState', 'archived'],
    [404, 'NoSuchKey', 'not_found'],
    [404, 'NoSuchBucket', 'not_found'],
    [404, 'NoSuchVersion', 'not_found'],
    [405, 'MethodNotAllowed', 'not_found'],
    [400, 'KeyTooLongError', 'not_found'],
    [400, 'InvalidArgument', 'refused'],
    [403, 'InvalidAccessKeyId', 'trouble: credentials'],
    [403, 'SignatureDoesNotMatch', 'trouble: credentials'],
    [403, 'RequestTimeTooSkewed', 'trouble: credentials'],
    [400, 'ExpiredToken', 'trouble: credentials'],
    [301, 'PermanentRedirect', 'trouble: wrong_region'],
    [400, 'AuthorizationHeaderMalformed', 'trouble: wrong_region'],
    [400, 'RequestTimeout', 'trouble: timeout'],
    [429, 'TooManyRequests', 'trouble: http_429'],
    [500, 'InternalError', 'trouble: http_500'],
    [503, 'SlowDown', 'trouble: http_503'],
  ])('of status %i and code %s means %s', async (status, code, meaning) => {
    answer = ({ method }, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(method === 'HEAD' ? '' : `<Error><Code>${code}</Code><Message>m</Message></Error>`);
    };
    expect(await wordOf(s3().get(path, call))).toBe(meaning);
    expect(await wordOf(s3().stat(path, call))).toBe(meaning);
  });

  it('to a HEAD that is refused is asked for again by one byte', async () => {
    answer = ({ method, headers }, response) => {
      if (method === 'HEAD') response.writeHead(403).end();
      else if (headers.range === 'bytes=0-0')
        response.writeHead(206, { 'content-range': 'bytes 0-0/1234' }).end('a');
      else response.writeHead(500).end();
    };
    expect(await wordOf(s3().stat(path, call))).toBe(1234);
  });

  it.each([
    [{ 'x-amz-storage-class': 'GLACIER' }, 'archived'],
    [{ 'x-amz-storage-class': 'DEEP_ARCHIVE', 'x-amz-restore': 'ongoing-request="true"' }, 'archived'],
    [{ 'x-amz-storage-class': 'GLACIER', 'x-amz-restore': 'ongoing-request="false", expiry-date="…"' }, 7],
    [{ 'x-amz-storage-class': 'GLACIER_IR' }, 7],
  ])('about an object with %j means %s', async (headers, meaning) => {
    const known = Object.fromEntries(
      Object.entries(headers).map(([name, text]) => [name, text.replace('…', 'x')]),
    );
    answer = (_, response) => void response.writeHead(200, { ...known, 'content-length': '7' }).end();
    expect(await wordOf(s3().stat(path, call))).toBe(meaning);
  });
});

describe('a version of an object', () => {
  /** Paths of all requests, with the queries that name a version. */
  async function askedBy(ask: () => Promise<unknown>): Promise<string[]> {
    const asked: string[] = [];
    answer = ({ url = '', method }, response) => {
      const { pathname, searchParams } = new URL(url, server.baseUrl);
      const version = searchParams.get('versionId') ?? searchParams.get('versionid');
      asked.push(`${method} ${pathname} ${version}`);
      response.writeHead(200, { 'content-length': '1', etag: '"x"' }).end(method === 'HEAD' ? '' : 'a');
    };
    await ask();
    return asked;
  }

  it('is what S3 is asked for', async () => {
    const path = { location: 's3', bucket: 'photos', key: 'a.jpg', versionId: 'v+1' } as const;
    const source = createS3Source(profiles);
    expect(await askedBy(() => source.stat(path, call))).toEqual(['HEAD /photos/a.jpg v+1']);
    expect(await askedBy(() => source.get(path, call))).toEqual(['GET /photos/a.jpg v+1']);
  });

  it('is what Azure is asked for', async () => {
    const path = {
      location: 'azure',
      container: 'photos',
      blob: 'a.jpg',
      versionId: '2026-01-01T00:00:00.0Z',
    } as const;
    const source = createAzureSource(profiles);
    const asked = '/photos/a.jpg 2026-01-01T00:00:00.0Z';
    expect(await askedBy(() => source.stat(path, call))).toEqual([`HEAD ${asked}`]);
    expect(await askedBy(() => source.get(path, call))).toEqual([`GET ${asked}`]);
  });
});

describe('an answer of Google', () => {
  const path = { location: 'gcs', bucket: 'photos', object: 'a.jpg' } as const;
  const gcs = () => createGcsSource(profiles);

  it.each([
    [401, 'required', 'forbidden'],
    [403, 'forbidden', 'forbidden'],
    [404, 'notFound', 'not_found'],
    [412, 'conditionNotMet', 'trouble: http_412'],
    [400, 'invalid', 'refused'],
    [403, 'userRateLimitExceeded', 'trouble: quota'],
    [403, 'accountDisabled', 'trouble: quota'],
    [429, 'rateLimitExceeded', 'trouble: quota'],
    [503, 'backendError', 'trouble: http_503'],
  ])('of status %i and reason %s means %s', async (status, reason, meaning) => {
    answer = (_, response) =>
      void response.writeHead(status).end(JSON.stringify({ error: { errors: [{ reason }] } }));
    expect(await wordOf(gcs().get(path, call))).toBe(meaning);
    expect(await wordOf(gcs().stat(path, call))).toBe(meaning);
  });

  it.each(['Not Found', '', '{', 'null', '[]', '"a"'])('that is %j is known by its status', async (text) => {
    answer = (_, response) => void response.writeHead(404).end(text);
    expect(await wordOf(gcs().stat(path, call))).toBe('not_found');
  });

  it('is not asked for without our own credentials', async () => {
    answer = (_, response) => void response.writeHead(200).end('{"size":"7"}');
    expect(await wordOf(gcs().stat(path, call))).toBe(7);
    expect(await wordOf(gcs().stat({ ...path, profile: 'keyless' }, call))).toBe('trouble: credentials');
  });

  it('is asked for by bucket, name and generation, each of them escaped', async () => {
    let asked = '';
    answer = ({ url = '' }, response) => {
      asked = url;
      response.writeHead(200).end('{"size":"7"}');
    };
    await gcs().stat({ ...path, object: 'a b/ü?#%+&.jpg', generation: '12' }, call);
    expect(asked).toBe('/storage/v1/b/photos/o/a%20b%2F%C3%BC%3F%23%25%2B%26.jpg?fields=size&generation=12');
  });
});

describe('an answer of Azure', () => {
  const path = { location: 'azure', container: 'photos', blob: 'a.jpg' } as const;
  const azure = () => createAzureSource(profiles);

  it.each([
    [404, 'BlobNotFound', 'not_found'],
    [404, 'ContainerNotFound', 'not_found'],
    [409, 'BlobArchived', 'archived'],
    [403, 'AuthorizationPermissionMismatch', 'forbidden'],
    [401, 'NoAuthenticationInformation', 'forbidden'],
    [400, 'InvalidQueryParameterValue', 'refused'],
    [403, 'AuthenticationFailed', 'trouble: credentials'],
    [403, 'AuthorizationFailure', 'trouble: credentials'],
    [403, 'KeyBasedAuthenticationNotPermitted', 'trouble: credentials'],
    [500, 'InternalError', 'trouble: http_500'],
    [503, 'ServerBusy', 'trouble: http_503'],
  ])('of status %i and code %s means %s', async (status, code, meaning) => {
    answer = ({ method }, response) => {
      response.writeHead(status, { 'content-type': 'application/xml', 'x-ms-error-code': code });
      response.end(method === 'HEAD' ? '' : `<Error><Code>${code}</Code><Message>m</Message></Error>`);
    };
    expect(await wordOf(azure().get(path, call))).toBe(meaning);
    expect(await wordOf(azure().stat(path, call))).toBe(meaning);
  });

  it('about a blob in the archive means that', async () => {
    answer = (_, response) =>
      void response.writeHead(200, { 'x-ms-access-tier': 'Archive', 'content-length': '7' }).end();
    expect(await wordOf(azure().stat(path, call))).toBe('archived');
  });

  it('to a HEAD that gives no reason is asked for again by one byte', async () => {
    answer = ({ method }, response) => {
      if (method === 'HEAD') response.writeHead(403).end();
      else
        response
          .writeHead(206, { 'content-range': 'bytes 0-0/1234', 'content-length': '1', etag: '"x"' })
          .end('a');
    };
    expect(await wordOf(azure().stat(path, call))).toBe(1234);
  });
});

describe('an answer that breaks HTTP', () => {
  const paths = {
    s3: { location: 's3', bucket: 'photos', key: 'a.jpg' },
    gcs: { location: 'gcs', bucket: 'photos', object: 'a.jpg' },
    azure: { location: 'azure', container: 'photos', blob: 'a.jpg' },
  } as const;

  it.each([
    ['no status', 'SMTP 220 hello\r\n\r\n'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'],
    ['headers without an end', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(300_000)}`],
  ])('with %s says nothing about an object of a cloud', async (_what, text) => {
    answer = (_, response) => void response.socket?.end(text);
    const asked = [
      createS3Source(profiles).get(paths.s3, call),
      createGcsSource(profiles).stat(paths.gcs, call),
      createAzureSource(profiles).get(paths.azure, call),
    ];
    for (const meaning of await Promise.all(asked.map(wordOf))) expect(meaning).toMatch(/^trouble: /);
  });
});
