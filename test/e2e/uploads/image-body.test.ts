import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../../support/client.ts';
import { eventually } from '../../support/eventually.ts';
import { type Stack, startStack } from '../../support/stack.ts';
import { makeUploadsPlace, type UploadsPlace } from '../../support/uploads/uploads-place.ts';

const MIB = 1024 * 1024;
const MAX_MIB = 2;

interface Details {
  readonly state: string;
  readonly asset: { readonly location: string; readonly path: string; readonly uploadId: string };
  readonly image: { readonly sha256: string; readonly notes?: readonly { code: string }[] } | null;
  readonly policy: string;
  readonly externalId: string | null;
  readonly deliveries: readonly { event: string }[];
}

describe('an image as the body of a submission', () => {
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

  async function post(query: string, body: Buffer, headers: Record<string, string> = {}) {
    const answer = await fetch(`${stack.baseUrl}/assets/image/${query}`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg', ...headers },
      body: new Uint8Array(body),
    });
    return {
      answer,
      body: (await answer.json()) as Details & { id: string; type?: string; detail?: string },
    };
  }

  /** Sends the head of a request, for a test that sends its body by itself. */
  function begin(headers: Record<string, string | number>, query = ''): ClientRequest {
    const { port } = new URL(stack.baseUrl);
    const sent = request({ port, method: 'POST', path: `/assets/image/${query}`, headers });
    sent.on('error', () => undefined);
    sent.flushHeaders();
    return sent;
  }

  const answerTo = async (sent: ClientRequest) => {
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: answer.statusCode, body: (await json(answer)) as { type: string; detail: string } };
  };

  it('is accepted once it is on the disk, and gets its verdict', async () => {
    const before = await uploads.files();
    const { answer, body } = await post('', rocket);
    expect([answer.status, answer.headers.get('location')]).toEqual([202, `/assets/${body.id}`]);
    expect(body).toEqual({ id: body.id, state: 'queued' });
    expect(await client.verdict(body.id)).toEqual({ id: body.id, state: 'complete' });
    const { asset, image } = await client.read<Details>(`/assets/${body.id}/details`);
    expect(asset).toEqual({ location: 'upload', path: asset.uploadId, uploadId: asset.uploadId });
    expect(image?.sha256).toBe(createHash('sha256').update(rocket).digest('hex'));
    expect(await uploads.files()).toEqual([...before, asset.uploadId]);
    const again = await client.call('POST', '/assets/image/', {
      assetPath: { location: 'upload', uploadId: asset.uploadId.toUpperCase() },
    });
    const { id } = (await again.json()) as { id: string };
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
  });

  it('takes all else from the query: name, policy, checksum, own id, webhooks', async () => {
    const sha256 = createHash('sha256').update(rocket).digest('hex');
    const query = new URLSearchParams({
      name: 'C:\\pictures\\rocket.png',
      policy: 'default@1',
      sha256,
      externalId: 'order-7',
      onSuccess: `${stack.baseUrl}/echo/post`,
    });
    const { answer, body } = await post(`?${query.toString()}`, rocket, {
      'content-type': 'application/octet-stream',
      prefer: 'wait=30, handling=strict',
    });
    expect(answer.status).toBe(200);
    expect(body).toMatchObject({
      state: 'complete',
      externalId: 'order-7',
      deliveries: [{ event: 'onSuccess' }],
    });
    expect(body.asset.path).toBe(`${body.asset.uploadId}/rocket.png`);
    expect(body.image?.notes?.map(({ code }) => code)).toContain('extension_mismatch');
  });

  it('that is empty or no image gets that verdict', async () => {
    for (const bytes of [Buffer.alloc(0), randomBytes(100)]) {
      const { body } = await post('?name=x.jpg', bytes, { prefer: 'wait=30' });
      expect(body).toMatchObject({ state: 'failed', errors: { asset: ['Asset is not an image.'] } });
    }
  });

  it('is accepted once under an idempotency key: the same bytes get the first answer, others are refused', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await post('?name=a.jpg', rocket, headers);
    const files = await uploads.files();
    const repeat = await post('?name=a.jpg', rocket, headers);
    expect([repeat.answer.status, repeat.body]).toEqual([202, first.body]);
    const other = await post('?name=a.jpg', Buffer.concat([rocket, rocket]), headers);
    expect([other.answer.status, other.body.type]).toEqual([
      422,
      'urn:validatr:error:idempotency_key_reused',
    ]);
    expect((await post('?name=b.jpg', rocket, headers)).answer.status).toBe(422);
    expect(await uploads.files()).toEqual(files);
  });

  it('that is too large is refused, before it is read if its length is declared, and nothing of it stays', async () => {
    const files = await uploads.files();
    const refusal = {
      status: 413,
      body: { type: 'urn:validatr:error:upload_too_large', detail: `An upload has at most ${MAX_MIB} MiB.` },
    };
    const declared = begin({
      'content-type': 'image/jpeg',
      'content-length': MAX_MIB * MIB + 1,
      expect: '100-continue',
    });
    const continued = once(declared, 'continue').then(() => 'was asked for its body');
    expect(await Promise.race([answerTo(declared), continued])).toMatchObject(refusal);
    const chunked = begin({ 'content-type': 'image/jpeg', 'transfer-encoding': 'chunked' });
    const answer = answerTo(chunked);
    for (let mib = 0; mib <= MAX_MIB; mib += 1) chunked.write(randomBytes(MIB));
    expect(await answer).toMatchObject(refusal);
    // A client that reads only after it has sent everything gets the answer, too.
    const { answer: late } = await post('', randomBytes(3 * MAX_MIB * MIB));
    expect(late.status).toBe(413);
    expect(await uploads.files()).toEqual(files);
  });

  it('with a fault in the query is refused before it is read', async () => {
    const length = { 'content-type': 'image/jpeg', 'content-length': 100, expect: '100-continue' };
    for (const query of ['?policy=none@1', '?sha256=x', '?color=red', '?name=a&name=b']) {
      const sent = begin(length, query);
      const continued = once(sent, 'continue').then(() => 'was asked for its body');
      expect([query, await Promise.race([answerTo(sent), continued])]).toMatchObject([
        query,
        { status: 422 },
      ]);
    }
    const { answer } = await post('?onStart=wat', rocket, { prefer: 'handling=strict' });
    expect(answer.status).toBe(422);
    const json = await client.call('POST', '/assets/image/?name=x', {
      assetPath: { location: 'local', path: 'assets/rocket.jpg' },
    });
    expect(json.status).toBe(422);
  });

  it('that breaks off leaves nothing', async () => {
    const files = await uploads.files();
    const cut = begin({ 'content-type': 'image/jpeg', 'content-length': rocket.length });
    cut.write(rocket.subarray(0, 1000));
    await eventually(async () => (await uploads.files()).length > files.length, { what: 'the first bytes' });
    cut.destroy();
    await eventually(async () => (await uploads.files()).length === files.length, { what: 'the sweep' });
    // A client that closes only its own half reads that it has sent too little.
    const { hostname, port } = new URL(stack.baseUrl);
    const half = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    half.end(
      'POST /assets/image/ HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\nhalf',
    );
    expect(await text(half)).toMatch(/^HTTP\/1\.1 400 /);
    await eventually(async () => (await uploads.files()).length === files.length, { what: 'the sweep' });
    expect(await uploads.files()).toEqual(files);
  });

  it('is refused if it is compressed or of a media type that nobody takes', async () => {
    const gzip = await post('', rocket, { 'content-encoding': 'gzip' });
    expect([gzip.answer.status, gzip.body.type]).toEqual([415, 'urn:validatr:error:unsupported_media_type']);
    for (const type of ['text/plain', 'video/mp4', 'application/offset+octet-stream'])
      expect((await post('', rocket, { 'content-type': type })).answer.status).toBe(415);
  });
});
