import { createHash, randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { Upload } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { makeUploadsPlace, type UploadsPlace } from '../../support/uploads/uploads-place.ts';

const MIB = 1024 * 1024;
const MAX_MIB = 32;
const TUS = { 'tus-resumable': '1.0.0' };
const PART = { ...TUS, 'content-type': 'application/offset+octet-stream' };

describe('an upload in parts', () => {
  let uploads: UploadsPlace;
  let stack: Stack;
  let client: TestClient;
  let rocket: Buffer;

  beforeAll(async () => {
    uploads = await makeUploadsPlace();
    stack = await startStack({ UPLOADS_DIR: uploads.path, UPLOAD_MAX_MIB: String(MAX_MIB) });
    client = createTestClient(stack.baseUrl);
    rocket = await readFile('assets/rocket.jpg');
  });
  afterAll(async () => {
    await stack?.stop();
    await uploads?.remove();
  });

  function tus(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Buffer,
  ): Promise<Response> {
    return fetch(stack.baseUrl + path, {
      method,
      headers,
      ...(body !== undefined && { body: new Uint8Array(body) }),
    });
  }

  async function begin(length: number): Promise<string> {
    const answer = await tus('POST', '/uploads/', { ...TUS, 'upload-length': String(length) });
    expect(answer.status).toBe(201);
    return answer.headers.get('location') ?? '';
  }

  const send = (path: string, offset: number, body: Buffer, more: Record<string, string> = {}) =>
    tus('PATCH', path, { ...PART, 'upload-offset': String(offset), ...more }, body);

  async function offsetOf(path: string): Promise<number> {
    const answer = await tus('HEAD', path, TUS);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    return Number(answer.headers.get('upload-offset'));
  }

  async function submit(path: string, name?: string): Promise<string> {
    const uploadId = path.split('/').at(-1) ?? '';
    const answer = await client.call('POST', '/assets/image/', {
      assetPath: { location: 'upload', uploadId, ...(name !== undefined && { name }) },
    });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { id: string }).id;
  }

  /** Of the whole upload. */
  function placeOf(path: string): string {
    const uploadId = path.split('/').at(-1) ?? '';
    return join(uploads.path, createHash('sha256').update('default').digest('hex'), uploadId);
  }

  const fileOf = (path: string) => readFile(placeOf(path));

  it('works with a usual client, and is then an asset like others', async () => {
    const url = await new Promise<string>((resolve, reject) => {
      const upload = new Upload(rocket, {
        endpoint: `${stack.baseUrl}/uploads/`,
        chunkSize: 10_000,
        metadata: { filename: 'räket.jpg' },
        onError: reject,
        onSuccess: () => resolve(upload.url ?? ''),
      });
      upload.start();
    });
    const { pathname } = new URL(url);
    expect(rocket.equals(await fileOf(pathname))).toBe(true);
    const head = await tus('HEAD', pathname, TUS);
    expect(head.headers.get('upload-metadata')).toBe(
      `filename ${Buffer.from('räket.jpg').toString('base64')}`,
    );
    const id = await submit(pathname, 'räket.jpg');
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
  });

  it('says what it may do', async () => {
    const answer = await tus('OPTIONS', '/uploads/', {});
    expect(answer.status).toBe(204);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'tus-resumable': '1.0.0',
      'tus-version': '1.0.0',
      'tus-extension': 'creation,termination,checksum,expiration',
      'tus-max-size': String(MAX_MIB * MIB),
      'tus-checksum-algorithm': 'sha1,sha256',
    });
  });

  it('is the same, byte by byte, after its connection was cut 20 times', async () => {
    const bytes = randomBytes(24 * MIB);
    const path = await begin(bytes.length);
    for (let cut = 0; cut < 20; cut += 1) {
      const offset = await offsetOf(path);
      const { port } = new URL(stack.baseUrl);
      const headers = { ...PART, 'upload-offset': offset, 'content-length': bytes.length - offset };
      const sent = request({ port, method: 'PATCH', path, headers });
      sent.on('error', () => undefined);
      // Half a chunk is on its way when it breaks.
      const most = offset + randomInt(1, MIB);
      await new Promise<void>((resolve) => void sent.write(bytes.subarray(offset, most), () => resolve()));
      sent.destroy();
    }
    const offset = await offsetOf(path);
    const last = await send(path, offset, bytes.subarray(offset));
    expect([last.status, last.headers.get('upload-offset')]).toEqual([204, String(bytes.length)]);
    expect(bytes.equals(await fileOf(path))).toBe(true);
  });

  it('whose connection hangs is taken over by the next request', async () => {
    const path = await begin(rocket.length);
    const { port } = new URL(stack.baseUrl);
    const headers = { ...PART, 'upload-offset': 0, 'content-length': rocket.length };
    const hanging = request({ port, method: 'PATCH', path, headers });
    const answer = once(hanging, 'response') as Promise<[IncomingMessage]>;
    hanging.write(rocket.subarray(0, 1_000));
    const part = `${placeOf(path)}.part`;
    await eventually(async () => (await stat(part)).size === 1_000, { what: 'the first bytes' });
    const offset = await offsetOf(path);
    const [{ statusCode }] = await answer;
    expect(statusCode).toBe(409);
    hanging.destroy();
    expect((await send(path, offset, rocket.subarray(offset))).status).toBe(204);
    expect(rocket.equals(await fileOf(path))).toBe(true);
  });

  it('refuses a part whose checksum differs, and nothing of it stays', async () => {
    const path = await begin(rocket.length);
    const sha1 = createHash('sha1').update(rocket).digest('base64');
    const wrong = await send(path, 0, rocket, { 'upload-checksum': `sha1 ${sha1.toLowerCase()}` });
    expect([wrong.status, await wrong.json()]).toMatchObject([
      460,
      { type: 'urn:validatr:error:upload_checksum_mismatch', status: 460 },
    ]);
    expect(await offsetOf(path)).toBe(0);
    expect((await send(path, 0, rocket, { 'upload-checksum': 'crc32 AAAAAA==' })).status).toBe(422);
    expect((await send(path, 0, rocket, { 'upload-checksum': `sha1 ${sha1}` })).status).toBe(204);
  });

  it.each<[string, number, string, () => Promise<Response>]>([
    [
      'no version of tus',
      412,
      'tus_version_unsupported',
      () => tus('POST', '/uploads/', { 'upload-length': '1' }),
    ],
    ['no length', 422, 'invalid_request', () => tus('POST', '/uploads/', TUS)],
    [
      'a length that is no number',
      422,
      'invalid_request',
      () => tus('POST', '/uploads/', { ...TUS, 'upload-length': '-1' }),
    ],
    [
      'too great a length',
      413,
      'upload_too_large',
      () => tus('POST', '/uploads/', { ...TUS, 'upload-length': String(MAX_MIB * MIB + 1) }),
    ],
    [
      'metadata that is none',
      422,
      'invalid_request',
      () => tus('POST', '/uploads/', { ...TUS, 'upload-length': '1', 'upload-metadata': 'a ä' }),
    ],
    ['an id that is none', 404, 'upload_not_found', () => send('/uploads/x', 0, rocket)],
    [
      'an unknown id',
      404,
      'upload_not_found',
      () => send('/uploads/01a20d6b-029b-70ce-a38e-65984ddd12d0', 0, rocket),
    ],
    [
      'an offset beyond its end',
      409,
      'upload_offset_conflict',
      async () => send(await begin(9), 1, rocket.subarray(0, 2)),
    ],
    ['more bytes than it has', 400, 'malformed_upload', async () => send(await begin(9), 0, rocket)],
    [
      'another media type',
      415,
      'unsupported_media_type',
      async () => send(await begin(9), 0, rocket.subarray(0, 9), { 'content-type': 'image/jpeg' }),
    ],
  ])('with %s is refused', async (_what, status, code, ask) => {
    const answer = await ask();
    expect([answer.status, await answer.json()]).toMatchObject([
      status,
      { type: `urn:validatr:error:${code}` },
    ]);
    expect(answer.headers.get('tus-resumable')).toBe('1.0.0');
  });

  it('can be sent by a client that knows only POST', async () => {
    const path = await begin(rocket.length);
    const headers = { ...PART, 'upload-offset': '0', 'x-http-method-override': 'PATCH' };
    expect((await tus('POST', path, headers, rocket)).status).toBe(204);
    expect(rocket.equals(await fileOf(path))).toBe(true);
  });

  it('can be deleted, but not while an asset without a verdict needs it', async () => {
    const path = await begin(rocket.length);
    await send(path, 0, rocket);
    stack.worker.signal('SIGSTOP');
    const id = await submit(path);
    const refused = await tus('DELETE', path, TUS);
    expect([refused.status, await refused.json()]).toMatchObject([
      409,
      { type: 'urn:validatr:error:upload_in_use' },
    ]);
    stack.worker.signal('SIGCONT');
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
    expect((await tus('DELETE', path, TUS)).status).toBe(204);
    expect((await tus('HEAD', path, TUS)).status).toBe(404);
    await expect(fileOf(path)).rejects.toThrow('ENOENT');
  });

  it('goes with the last asset that was submitted by it', async () => {
    const path = await begin(rocket.length);
    await send(path, 0, rocket);
    const [one, other] = [await submit(path), await submit(path)];
    await client.verdict(one);
    await client.verdict(other);
    expect((await client.call('DELETE', `/assets/${one}`)).status).toBe(204);
    expect(rocket.equals(await fileOf(path))).toBe(true);
    expect((await client.call('DELETE', `/assets/${other}`)).status).toBe(204);
    expect((await tus('HEAD', path, TUS)).status).toBe(404);
    await expect(fileOf(path)).rejects.toThrow('ENOENT');
  });
});
