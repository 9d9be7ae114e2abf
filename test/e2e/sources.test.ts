import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AssetPath } from '../../src/domain/sources/asset-path.ts';
import { createTestClient, type TestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type FlakyProxy, startFlakyProxy } from '../support/storage/flaky-proxy.ts';
import { CLOSED_BUCKET, OPEN_BUCKET, type S3Store } from '../support/storage/s3-store.ts';
import { startSeaweedFs } from '../support/storage/seaweedfs.ts';
import { type Stack, startProgram, startStack } from '../support/stack.ts';

const ASSETS = 200;

/** Occurs in every sources file. Nothing may show it. */
const SECRET = 'reader-secret';

describe('assets in S3', () => {
  let dir: string;
  let store: S3Store | { missing: string };
  let proxy: FlakyProxy;
  let stack: Stack;
  let client: TestClient;
  const sourcesFile = () => join(dir, 'sources.json');

  async function writeProfiles(more: object = {}): Promise<void> {
    if ('missing' in store) return;
    const s3 = { ...store.profiles['s3'], endpoint: proxy.endpoint };
    const elsewhere = { tenants: ['others'], buckets: ['*'] };
    const anonymous = { kind: 'gcs', endpoint: proxy.endpoint, credentials: { anonymous: true } };
    const account = { kind: 'azure', endpoint: proxy.endpoint, credentials: { account: 'a', key: 'a2V5' } };
    const profiles = {
      s3,
      'of-others-s3': { ...s3, ...elsewhere },
      'of-others-gcs': { ...anonymous, ...elsewhere },
      'of-others-azure': { ...account, ...elsewhere },
      narrow: { ...s3, buckets: [OPEN_BUCKET], prefixes: ['in/'] },
      ...more,
    };
    await writeFile(sourcesFile(), JSON.stringify({ profiles }));
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-e2e-sources-'));
    store = await startSeaweedFs();
    if ('missing' in store) return;
    proxy = await startFlakyProxy(store.endpoint);
    await writeProfiles();
    for (const name of ['in/a.jpg', 'out/a.jpg']) await store.put(name, await readFile('assets/rocket.jpg'));
    stack = await startStack({ SOURCES_FILE: sourcesFile(), STAGING_DIR: join(dir, 'staging') });
    client = createTestClient(stack.baseUrl);
  });
  beforeEach(({ skip }) => {
    if ('missing' in store) skip(store.missing);
  });
  afterAll(async () => {
    await stack?.stop();
    proxy?.close();
    if (store !== undefined && 'close' in store) await store.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function submit(assetPath: AssetPath): Promise<string> {
    const answer = await client.call('POST', '/assets/image/', { assetPath });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { id: string }).id;
  }

  const at = (key: string, profile?: string): AssetPath => ({
    location: 's3',
    bucket: OPEN_BUCKET,
    key,
    ...(profile !== undefined && { profile }),
  });

  /** Every answer about an asset that may not be reached, without what differs between two submissions of one asset. */
  async function answersAbout(assetPath: AssetPath): Promise<string> {
    const strict = await client.call('POST', '/assets/image/', { assetPath }, { prefer: 'handling=strict' });
    const id = await submit(assetPath);
    await client.verdict(id);
    const verdict = await (await client.call('GET', `/assets/${id}`)).text();
    const details = await client.read<{ findings: unknown; image: unknown }>(`/assets/${id}/details`);
    const { findings, image } = details;
    const headers = [strict.status, strict.headers.get('content-length')];
    const said = JSON.stringify([headers, await strict.text(), verdict, findings, image]);
    return said.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>');
  }

  it('get their verdict', async () => {
    const id = await submit(at('in/a.jpg'));
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
  });

  it.each([
    ['is missing', at('missing.jpg'), 'not_found'],
    ['is forbidden', { location: 's3', bucket: CLOSED_BUCKET, key: 'a.jpg' }, 'forbidden'],
    ['has no profile', at('in/a.jpg', 'missing'), 'profile_unknown'],
  ] as const)('are refused with the cause by a strict submission if one %s', async (_, assetPath, cause) => {
    const answer = await client.call('POST', '/assets/image/', { assetPath }, { prefer: 'handling=strict' });
    expect(answer.status).toBe(422);
    const { errors } = (await answer.json()) as { errors: object[] };
    expect(errors).toEqual([
      { pointer: '/assetPath', code: 'asset_not_reachable', detail: 'Asset path is not reachable.', cause },
    ]);
  });

  it.each<[string, AssetPath, AssetPath]>([
    ['an S3 profile', at('in/a.jpg', 'of-others-s3'), at('in/a.jpg', 'missing')],
    [
      'a Google profile',
      { location: 'gcs', bucket: 'b', object: 'o', profile: 'of-others-gcs' },
      { location: 'gcs', bucket: 'b', object: 'o', profile: 'missing' },
    ],
    [
      'an Azure profile',
      { location: 'azure', container: 'c', blob: 'b', profile: 'of-others-azure' },
      { location: 'azure', container: 'c', blob: 'b', profile: 'missing' },
    ],
    ['a prefix', at('out/a.jpg', 'narrow'), at('in/missing.jpg', 'narrow')],
    [
      'a bucket',
      { location: 's3', bucket: CLOSED_BUCKET, key: 'in/a.jpg', profile: 'narrow' },
      at('in/missing.jpg', 'narrow'),
    ],
  ])(
    'tell a tenant without right to %s what they tell of one that does not exist',
    async (_, theirs, none) => {
      expect(await answersAbout(theirs)).toBe(await answersAbout(none));
    },
  );

  it('reach what a new sources file reaches after SIGHUP, and keep the old profiles if it is broken', async () => {
    const strictly = async () => {
      const assetPath = at('in/a.jpg', 'added');
      const prefer = 'handling=strict, wait=30';
      return (await client.call('POST', '/assets/image/', { assetPath }, { prefer })).status;
    };
    expect(await strictly()).toBe(422);
    if ('missing' in store) return;
    await writeProfiles({ added: { ...store.profiles['s3'], endpoint: proxy.endpoint } });
    const programs = [stack.api, stack.worker];
    for (const program of programs) {
      program.signal('SIGHUP');
      await eventually(() => program.output().includes('the sources file was read again'));
    }
    expect(await strictly()).toBe(200);

    await writeFile(sourcesFile(), `{"profiles": {"s3": {"kind": "s3", "credentials": "${SECRET}"`);
    for (const program of programs) {
      program.signal('SIGHUP');
      await eventually(() => program.output().includes('the sources file stays as it was'));
      expect(program.output()).toContain('The sources file is neither JSON nor YAML (line 1)');
      expect(program.output()).not.toContain(SECRET);
    }
    expect(await strictly()).toBe(200);
    await writeProfiles();
  });

  it.each(['api', 'worker'] as const)('keep a %s from starting with a broken file', async (name) => {
    const broken = join(dir, 'broken.json');
    await writeFile(broken, JSON.stringify({ profiles: { s3: { kind: 's3', credentials: SECRET } } }));
    // Nothing else is needed to find the fault.
    const away = { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/nothing', TEMPORAL_ADDRESS: '127.0.0.1:9' };
    const program = startProgram(name, { ...stack.env, ...away, SOURCES_FILE: broken });
    expect(await program.ended()).toBe(2);
    expect(program.output()).toContain('The sources file is not usable. Correct it (SOURCES_FILE');
    expect(program.output()).toContain('profiles.s3.credentials: must be');
    expect(program.output()).not.toContain(SECRET);
  });

  it(`get their verdicts, all ${ASSETS} of them, while the storage is busy and then resets connections`, async () => {
    proxy.become('busy');
    const ids = await Promise.all(Array.from({ length: ASSETS }, () => submit(at('in/a.jpg'))));
    await eventually(() => proxy.met.busy >= 50, { what: '50 answers of 503' });
    proxy.become('resets');
    await eventually(() => proxy.met.resets >= 50, { what: '50 resets' });
    proxy.become('works');
    for (const id of ids) expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
    await eventually(async () => (await stagedFiles()).length === 0, { what: 'an empty staging directory' });
  });

  async function stagedFiles(): Promise<string[]> {
    const found = await readdir(join(dir, 'staging'), { recursive: true, withFileTypes: true });
    return found.filter((entry) => entry.isFile() && entry.name !== 'mark').map(({ name }) => name);
  }

  it('keep no connection that holds a worker at its end', async () => {
    stack.worker.signal('SIGTERM');
    expect(await stack.worker.ended()).toBe(0);
    for (const { output } of [stack.api, stack.worker]) expect(output()).not.toContain(SECRET);
  });
});
