import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { createPolicyStore } from '../../../../../src/db/policies/policy-store.ts';
import { createValidationStore } from '../../../../../src/db/assets/validation-store.ts';
import { createVerdictArchive } from '../../../../../src/db/assets/verdict-archive.ts';
import type { ImageFormat } from '../../../../../src/domain/image-facts.ts';
import { policyRules } from '../../../../../src/domain/policy.ts';
import { createBareApp } from '../../../../support/app.ts';
import { createTestClient, type TestClient } from '../../../../support/client.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';
import { serve } from '../../../../support/serve.ts';

const TENANT = 'default';
const UNKNOWN = '01900000-0000-7000-8000-000000000000';
const ignore = () => undefined;

type Counts = Readonly<Record<'complete' | 'failed' | 'unknown' | 'changed', number>>;

interface Judgement {
  readonly policy: string;
  readonly assets: { readonly id: string; readonly state: string; readonly was: object }[];
  readonly notFound: string[];
  readonly counts: Counts;
  readonly total: Counts | null;
  readonly next: string | null;
}

describe('judging stored assets by a policy', () => {
  let database: TestDatabase;
  let app: Awaited<ReturnType<typeof serve>>;
  let client: TestClient;
  /** Oldest first. */
  const pngs: string[] = [];
  let jpeg: string;
  let open: string;
  let foreign: string;

  beforeAll(async () => {
    database = await cloneDatabase();
    const policies = createPolicyStore(database.orm);
    app = await serve(createBareApp({ policies, verdicts: createVerdictArchive(database.orm) }));
    client = createTestClient(app.baseUrl);
    await policies.add(TENANT, 'png', policyRules.parse({ formats: { allow: ['PNG'] } }));
    await policies.add(TENANT, 'png', policyRules.parse({ formats: { allow: ['PNG'] }, alpha: {} }));
    for (let count = 0; count < 3; count += 1) pngs.push(await validate(TENANT, 'PNG'));
    jpeg = await validate(TENANT, 'JPEG');
    open = await accept(TENANT);
    foreign = await validate('another', 'PNG');
  });
  afterAll(async () => {
    app.close();
    await database?.drop();
  });

  const accept = (tenant: string) =>
    createAssetStore(database.orm, ignore).accept(tenant, {
      assetPath: { location: 'local', path: './gone' },
      notifications: {},
    });

  /** As the default policy judges it. */
  async function validate(tenant: string, format: ImageFormat): Promise<string> {
    const assetId = await accept(tenant);
    const validations = createValidationStore(database.orm, ignore);
    const owner = { assetId, runId: `run-of-${assetId}` };
    await validations.claim(owner, 1);
    const isJpeg = format === 'JPEG';
    await validations.finish(owner, {
      state: isJpeg ? 'complete' : 'failed',
      findings: isJpeg ? [] : [{ code: 'format_not_allowed', key: 'asset', measured: { format } }],
      steps: [],
      image: {
        format,
        width: 10,
        height: 10,
        bytes: 100,
        sha256: 'ab'.repeat(32),
        integrity: { state: 'intact' },
      },
    });
    return assetId;
  }

  async function judge(name: string, body?: object): Promise<Judgement> {
    const answer = await client.call('POST', `/policies/${name}/judge`, body);
    expect(answer.status).toBe(200);
    return (await answer.json()) as Judgement;
  }

  const dump = () => database.query('SELECT row_to_json(a)::text AS row FROM assets a ORDER BY id');

  it('gives the verdict of each, newest first, and changes none', async () => {
    const before = await dump();
    const { assets, ...rest } = await judge('png', { version: 1 });
    expect(assets.map(({ id, state }) => [id, state])).toEqual([
      [jpeg, 'failed'],
      ...pngs.toReversed().map((id) => [id, 'complete']),
    ]);
    expect(assets[0]).toEqual({
      id: jpeg,
      state: 'failed',
      was: { state: 'complete', policy: 'default@1' },
      findings: [
        {
          code: 'format_not_allowed',
          step: 'checkIsJpeg',
          key: 'asset',
          severity: 'error',
          message: 'Assets must be a PNG, the provided image is a JPEG',
          measured: { format: 'JPEG' },
        },
      ],
    });
    expect(rest).toEqual({
      policy: 'png@1',
      notFound: [],
      counts: { complete: 3, failed: 1, unknown: 0, changed: 4 },
      total: { complete: 3, failed: 1, unknown: 0, changed: 4 },
      next: null,
    });
    expect(await dump()).toEqual(before);
  });

  it('judges by the latest version unless another is named, and lists the steps without measurements', async () => {
    const { policy, counts, assets } = await judge('png');
    expect([policy, counts]).toEqual(['png@2', { complete: 0, failed: 1, unknown: 3, changed: 1 }]);
    expect(assets.at(-1)).toMatchObject({ state: 'unknown', findings: [], lacking: ['checkAlpha'] });
  });

  it('judges by the default policy, and finds no verdict changed', async () => {
    const { counts } = await judge('default', { version: 1 });
    expect(counts).toEqual({ complete: 1, failed: 3, unknown: 0, changed: 0 });
  });

  it('judges all page by page, each once', async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page: Judgement = await judge('png', { limit: 2, ...(cursor === null ? {} : { cursor }) });
      seen.push(...page.assets.map(({ id }) => id));
      cursor = page.next;
      pages += 1;
    } while (cursor !== null && pages < 9);
    expect(seen).toEqual([jpeg, ...pngs.toReversed()]);
  });

  it('counts all assets beside the first page', async () => {
    const first = await judge('png', { version: 1, limit: 1 });
    expect(first.counts).toEqual({ complete: 0, failed: 1, unknown: 0, changed: 1 });
    expect(first.total).toEqual({ complete: 3, failed: 1, unknown: 0, changed: 4 });
    const second = await judge('png', { version: 1, limit: 1, cursor: first.next });
    expect([second.assets.map(({ id }) => id), second.total]).toEqual([[pngs.at(-1)], null]);
  });

  it.each([
    [{ changed: true }, () => [jpeg, ...pngs.toReversed()]],
    [{ changed: false }, () => []],
    [{ code: 'format_not_allowed' }, () => [jpeg]],
    [{ code: 'blurry' }, () => []],
    [{ policy: 'default' }, () => [jpeg, ...pngs.toReversed()]],
    [{ policy: 'default@1' }, () => [jpeg, ...pngs.toReversed()]],
    [{ policy: 'default', code: 'format_not_allowed', changed: true }, () => [jpeg]],
    [{ code: 'format_not_allowed', changed: false }, () => []],
  ])('gives and counts only the assets that are asked for: %o', async (filter, expected) => {
    const { assets, counts, total } = await judge('png', { version: 1, ...filter });
    expect(assets.map(({ id }) => id)).toEqual(expected());
    expect(counts.complete + counts.failed).toBe(expected().length);
    expect(total).toEqual(counts);
  });

  it('fills a page with assets that match, however many lie between', async () => {
    const page = await judge('png', { version: 1, limit: 2, code: 'format_not_allowed' });
    expect([page.assets.map(({ id }) => id), page.next]).toEqual([[jpeg], null]);
    const byDefault = await judge('default', { limit: 2, code: 'format_not_allowed' });
    expect(byDefault.assets.map(({ id }) => id)).toEqual(pngs.toReversed().slice(0, 2));
    expect(byDefault.next).toBe(pngs[1]);
  });

  it('filters named assets too, and tells those apart that do not exist', async () => {
    const asked = { version: 1, assets: [jpeg, ...pngs, UNKNOWN], code: 'format_not_allowed' };
    const { assets, notFound, total } = await judge('png', asked);
    expect([assets.map(({ id }) => id), notFound, total]).toEqual([[jpeg], [UNKNOWN], null]);
  });

  it('judges the named assets once each, and answers alike for foreign and for unknown ids', async () => {
    const [first = ''] = pngs;
    const asked = [first, first.toUpperCase(), open, foreign, UNKNOWN];
    const { assets, notFound, counts, next } = await judge('png', { version: 1, assets: asked });
    expect(assets.map(({ id, state, was }) => ({ id, state, was }))).toEqual([
      { id: open, state: 'unknown', was: { state: 'queued', policy: 'default@1' } },
      { id: first, state: 'complete', was: { state: 'failed', policy: 'default@1' } },
    ]);
    expect(notFound).toEqual([foreign, UNKNOWN]);
    expect([counts, next]).toEqual([{ complete: 1, failed: 0, unknown: 1, changed: 1 }, null]);
  });

  it.each([
    ['/assets/0', { assets: ['x'] }],
    ['/assets', { assets: [] }],
    ['/assets', { assets: Array.from({ length: 501 }, () => UNKNOWN) }],
    ['/limit', { limit: 501 }],
    ['/limit', { limit: 0 }],
    ['/cursor', { cursor: 'x' }],
    ['/version', { version: 0 }],
    ['/policy', { policy: 'default@' }],
    ['/policy', { policy: 'default@2' }],
    ['/policy', { policy: 'defaul' }],
    ['/code', { code: 'no_such_code' }],
    ['/changed', { changed: 'yes' }],
    ['/rules', { rules: {} }],
  ])('refuses a request that it cannot follow: %s', async (pointer, body) => {
    const answer = await client.call('POST', '/policies/png/judge', body);
    const { errors } = (await answer.json()) as { errors: { pointer: string }[] };
    expect([answer.status, errors.map((error) => error.pointer)]).toEqual([422, [pointer]]);
  });

  it.each([
    ['nobodys', {}],
    ['png', { version: 3 }],
    ['default', { version: 2 }],
  ])('finds no policy that does not exist: %s %o', async (name, body) => {
    const answer = await client.call('POST', `/policies/${name}/judge`, body);
    expect(await answer.json()).toMatchObject({ status: 404, type: 'urn:validatr:error:policy_not_found' });
  });
});
