import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, hasOpenssl } from '../support/certificates.ts';
import { type AssetBody, createTestClient, type TestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { type NameServer, startNameServer } from '../support/stand-ins/name-server.ts';
import { startWebServer, type WebServer } from '../support/stand-ins/web-server.ts';

const ROCKET = fileURLToPath(new URL('../../assets/rocket.jpg', import.meta.url));
const NOT_REACHABLE = { onStart: ['Asset path is not reachable.'] };

interface Details extends AssetBody {
  readonly asset: { location: string; path: string };
  readonly image: { sha256: string } | null;
  readonly steps: { name: string; error: string | null }[];
  readonly findings: { code: string; measured: { cause?: string } }[];
}

describe('an asset behind a URL', () => {
  let stack: Stack;
  let client: TestClient;
  let names: NameServer;
  let server: WebServer;
  let stagingDir: string;
  let rocket: Buffer;
  let answer: RequestListener;

  beforeAll(async () => {
    rocket = await readFile(ROCKET);
    stagingDir = await mkdtemp(join(tmpdir(), 'validatr-staging-'));
    names = await startNameServer(() => ({ code: 3 }));
    server = await startWebServer((req, res) => answer(req, res));
    stack = await startStack({ STAGING_DIR: stagingDir, DNS_SERVERS: names.address });
    client = createTestClient(stack.baseUrl);
  });
  afterAll(async () => {
    await stack?.stop();
    await server?.close();
    await names?.close();
    await rm(stagingDir, { recursive: true, force: true });
  });
  beforeEach(() => {
    answer = (_req, res) => void res.end(rocket);
  });

  async function submit(url: string, headers: Record<string, string> = {}): Promise<Response> {
    return client.call('POST', '/assets/image/', { assetPath: { location: 'http', url } }, headers);
  }

  async function judge(url: string): Promise<Details> {
    const { id } = (await (await submit(url)).json()) as AssetBody;
    await client.verdict(id);
    return client.read<Details>(`/assets/${id}/details`);
  }

  /** Files of objects. Each living process also has its mark. */
  const stagedFiles = async () =>
    (await readdir(stagingDir, { recursive: true })).filter((name) => /\/(?!mark$)/.test(name));

  it('is judged as a local file is, and only its host is shown', async () => {
    const details = await judge(`${server.url}/team/rocket.jpg?signature=x`);
    expect(details).toMatchObject({
      state: 'complete',
      asset: { location: 'http', path: `${server.url}/…` },
      image: { sha256: createHash('sha256').update(rocket).digest('hex') },
    });
    expect(await stagedFiles()).toEqual([]);
  });

  it('is judged by its bytes, whatever its server calls them', async () => {
    answer = (_req, res) => void res.writeHead(200, { 'content-type': 'image/jpeg' }).end('no picture');
    expect(await judge(server.url)).toMatchObject({ errors: { asset: ['Asset is not an image.'] } });
  });

  const respond =
    (status: number, headers: Record<string, string> = {}): RequestListener =>
    (_req, res) =>
      void res.writeHead(status, headers).end('an explanation');

  const CAUSES: [cause: string, url: () => string, answer?: RequestListener][] = [
    ['not_found', () => server.url, respond(404)],
    ['forbidden', () => server.url, respond(403)],
    ['refused', () => server.url, respond(422)],
    ['redirects', () => server.url, respond(302, { location: '/' })],
    ['encoding', () => server.url, respond(200, { 'content-encoding': 'gzip' })],
    ['address_forbidden', () => 'http://169.254.169.254/latest/meta-data/'],
    ['address_forbidden', () => server.url, respond(302, { location: 'http://10.0.0.1/' })],
    ['dns', () => 'http://pictures.example/a.jpg'],
    ['invalid_url', () => 'http://user:password@pictures.example/a.jpg'],
    ['invalid_answer', () => server.url, respond(200, { x: 'y'.repeat(70_000) })],
  ];

  it.each(CAUSES)('is not reachable, with the cause %s', async (cause, url, answering) => {
    if (answering !== undefined) answer = answering;
    const details = await judge(url());
    expect(details).toMatchObject({ state: 'failed', errors: NOT_REACHABLE });
    expect(details.findings).toMatchObject([{ code: 'asset_not_reachable', measured: { cause } }]);
  });

  it.each(CAUSES)(
    'is refused at once if strict handling is asked for, with the cause %s',
    async (cause, url, answering) => {
      if (answering !== undefined) answer = answering;
      const refused = await submit(url(), { prefer: 'handling=strict' });
      expect(refused.status).toBe(422);
      expect(((await refused.json()) as { errors: unknown }).errors).toEqual([
        { pointer: '/assetPath', code: 'asset_not_reachable', detail: NOT_REACHABLE.onStart[0], cause },
      ]);
    },
  );

  it('is accepted by strict handling if it is there, without being read', async () => {
    const methods: string[] = [];
    answer = (req, res) => {
      methods.push(req.method ?? '');
      res.end(rocket);
    };
    const accepted = await submit(server.url, { prefer: 'handling=strict' });
    expect([accepted.status, methods[0]]).toEqual([202, 'HEAD']);
    await client.verdict(((await accepted.json()) as AssetBody).id);
  });

  it.skipIf(!hasOpenssl)(
    'is not reachable by a certificate that nobody vouches for (skipped without openssl)',
    async () => {
      const authority: Authority = createAuthority();
      const tls = authority.issueSelfSigned('IP:127.0.0.1');
      const secure = await startWebServer((_req, res) => void res.end(rocket), { tls });
      const details = await judge(secure.url);
      await secure.close();
      authority.close();
      expect(details.findings).toMatchObject([{ measured: { cause: 'tls' } }]);
    },
  );

  it('is judged in the end if its server answers 503 for a while, which the step shows meanwhile', async () => {
    let isAway = true;
    answer = (_req, res) => void (isAway ? res.writeHead(503).end() : res.end(rocket));
    const { id } = (await (await submit(server.url)).json()) as AssetBody;
    const read = () => client.read<Details>(`/assets/${id}/details`);
    await eventually(async () => (await read()).steps.some(({ error }) => error?.includes('http_503')), {
      what: 'the trouble in the details',
    });
    isAway = false;
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
  });

  it('is judged although its worker is killed while it comes, and leaves nothing on the disk', async () => {
    let requests = 0;
    answer = (_req, res) => {
      requests += 1;
      if (requests > 1) return void res.end(rocket);
      // The rest never comes.
      res.writeHead(200, { 'content-length': rocket.length }).write(rocket.subarray(0, 60_000));
    };
    const { id } = (await (await submit(server.url)).json()) as AssetBody;
    await eventually(async () => (await stagedFiles()).length > 0, {
      what: 'a file in the staging directory',
    });
    stack.worker.signal('SIGKILL');
    await stack.worker.ended();
    expect(await stagedFiles()).toHaveLength(1);
    await stack.startWorker();
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
    await eventually(
      // The API and the new worker have a directory each.
      async () => {
        // A directory may be deleted while it is listed.
        const staged = await stagedFiles().catch(() => null);
        return staged?.length === 0 && (await readdir(stagingDir)).length === 2;
      },
      { what: 'an empty staging directory', withinMs: 60_000 },
    );
  });
});
