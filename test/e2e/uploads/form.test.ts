import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { makeUploadsPlace, type UploadsPlace } from '../../support/uploads/uploads-place.ts';

const MIB = 1024 * 1024;

interface Answer {
  readonly id: string;
  readonly state: string;
  readonly type?: string;
  readonly errors?: readonly { pointer: string; code: string; detail: string }[];
  readonly asset: { readonly path: string; readonly uploadId: string };
  readonly externalId: string;
  readonly labels: Record<string, string>;
}

describe('a submission as a form', () => {
  let uploads: UploadsPlace;
  let stack: Stack;
  let client: TestClient;
  let rocket: Blob;

  beforeAll(async () => {
    uploads = await makeUploadsPlace();
    stack = await startStack({ UPLOADS_DIR: uploads.path, UPLOAD_MAX_MIB: '2' });
    client = createTestClient(stack.baseUrl);
    rocket = new Blob([new Uint8Array(await readFile('assets/rocket.jpg'))]);
  });
  afterAll(async () => {
    await stack?.stop();
    await uploads?.remove();
  });

  type Entry = readonly [name: string, value: string | Blob, fileName?: string];

  async function post(entries: readonly Entry[], headers: Record<string, string> = {}, query = '') {
    const body = new FormData();
    for (const [name, value, fileName] of entries)
      if (typeof value === 'string') body.append(name, value);
      else body.append(name, value, fileName);
    const answer = await fetch(`${stack.baseUrl}/assets/image/${query}`, { method: 'POST', headers, body });
    return { status: answer.status, body: (await answer.json()) as Answer };
  }

  const FILE: Entry = ['file', new Blob([]), ''];
  const file = (): Entry => ['file', rocket, 'rocket.jpg'];

  it.each(['first', 'last'])('is accepted with its file %s, as JSON would be', async (place) => {
    const submission = JSON.stringify({ externalId: 'seven', labels: { batch: 'a' }, policy: 'default' });
    const entries: Entry[] = [file(), ['submission', submission]];
    const { status, body } = await post(place === 'first' ? entries : entries.reverse(), {
      prefer: 'wait=30',
    });
    expect([status, body]).toMatchObject([
      200,
      {
        state: 'complete',
        externalId: 'seven',
        labels: { batch: 'a' },
        asset: { path: `${body.asset.uploadId}/rocket.jpg` },
      },
    ]);
  });

  it('needs no more than the file, and takes a submission that is a file itself', async () => {
    const alone = await post([file()], { prefer: 'wait=30' });
    expect(alone.body).toMatchObject({ state: 'complete' });
    const json = new Blob(['{"externalId":"eight"}'], { type: 'application/json' });
    const both = await post([['submission', json, 'blob'], file()], { prefer: 'wait=30' });
    expect(both.body).toMatchObject({ state: 'complete', externalId: 'eight' });
  });

  it('is accepted once under an idempotency key, whatever its boundary is', async () => {
    const headers = { 'idempotency-key': 'form' };
    const first = await post([file(), ['submission', '{"externalId":"a"}']], headers);
    const files = await uploads.files();
    const repeat = await post([['submission', '{ "externalId": "a" }'], file()], headers);
    expect(repeat).toEqual({ status: 202, body: first.body });
    const other = await post([file(), ['submission', '{"externalId":"b"}']], headers);
    expect(other.status).toBe(422);
    expect(await uploads.files()).toEqual(files);
  });

  it.each<[string, number, string, readonly Entry[], string?]>([
    ['no file', 422, '/file', [['submission', '{}']]],
    ['nothing', 422, '/file', []],
    ['two files', 422, '/file', [FILE, FILE]],
    ['two submissions', 422, '/submission', [FILE, ['submission', '{}'], ['submission', '{}']]],
    ['a part that nobody knows', 422, '/image', [['image', 'x']]],
    ['a part that nobody knows, after the file', 422, '/a~1b', [FILE, ['a/b', 'x']]],
    ['an unknown policy', 422, '/policy', [FILE, ['submission', '{"policy":"none@1"}']]],
    ['an unknown policy, before the file', 422, '/policy', [['submission', '{"policy":"none@1"}'], FILE]],
    [
      'a path in the submission',
      422,
      '/assetPath',
      [FILE, ['submission', '{"assetPath":{"location":"local","path":"x"}}']],
    ],
    ['a submission that is no object', 422, '', [FILE, ['submission', '7']]],
    ['a query', 422, '/name', [FILE], '?name=x'],
    ['a submission that is no JSON', 400, 'malformed_json', [FILE, ['submission', '{']]],
    ['an empty submission', 400, 'malformed_json', [FILE, ['submission', '']]],
    ['too large a submission', 413, 'body_too_large', [FILE, ['submission', ' '.repeat(MIB + 1)]]],
    [
      'too large a file',
      413,
      'upload_too_large',
      [['file', new Blob([new Uint8Array(2 * MIB + 1)]), 'a.jpg']],
    ],
    [
      'far too large a file',
      413,
      'upload_too_large',
      [['file', new Blob([new Uint8Array(9 * MIB)]), 'a.jpg']],
    ],
  ])('with %s is refused with %i %s, and leaves nothing', async (_what, status, where, entries, query) => {
    const files = await uploads.files();
    const refused = await post(entries, {}, query);
    expect(refused.status).toBe(status);
    if (status === 422) expect(refused.body.errors?.map(({ pointer }) => pointer)).toEqual([where]);
    else expect(refused.body.type).toBe(`urn:validatr:error:${where}`);
    expect(await uploads.files()).toEqual(files);
  });

  const HEAD = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n';

  it.each([
    ['ends before its last boundary', 'multipart/form-data; boundary=x', `${HEAD}some bytes`],
    ['ends in the headers of a part', 'multipart/form-data; boundary=x', HEAD.slice(0, 40)],
    [
      'has another boundary than it says',
      'multipart/form-data; boundary=y',
      `${HEAD}some bytes\r\n--x--\r\n`,
    ],
    ['is empty', 'multipart/form-data; boundary=x', ''],
    ['names no boundary', 'multipart/form-data', `${HEAD}some bytes\r\n--x--\r\n`],
  ])('that %s is refused with 400, and leaves nothing', async (_what, type, body) => {
    const files = await uploads.files();
    const answer = await fetch(`${stack.baseUrl}/assets/image/`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { type: 'urn:validatr:error:malformed_upload' },
    ]);
    expect(await uploads.files()).toEqual(files);
  });

  it('that its client breaks off leaves nothing', async () => {
    const files = await uploads.files();
    const { hostname, port } = new URL(stack.baseUrl);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.end(
      `POST /assets/image/ HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 999\r\n\r\n${HEAD}some`,
    );
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
    // The answer may come before the file is deleted.
    await eventually(async () => (await uploads.files()).length === files.length, { what: 'the sweep' });
    expect(await uploads.files()).toEqual(files);
    expect((await client.call('GET', '/assets/?limit=1')).status).toBe(200);
  });
});
