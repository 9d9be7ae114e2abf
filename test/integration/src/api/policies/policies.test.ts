import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { createPolicyStore } from '../../../../../src/db/policies/policy-store.ts';
import { RULE_NAMES } from '../../../../../src/domain/checks/index.ts';
import { MAX_POLICY_VERSIONS } from '../../../../../src/domain/policy.ts';
import { createBareApp } from '../../../../support/app.ts';
import { createTestClient, type TestClient } from '../../../../support/client.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';
import { serve } from '../../../../support/serve.ts';

interface Problem {
  readonly type: string;
  readonly status: number;
  readonly errors?: { readonly pointer: string; readonly code: string; readonly detail: string }[];
}

describe('the policies of the API', () => {
  let database: TestDatabase;
  let app: Awaited<ReturnType<typeof serve>>;
  let client: TestClient;

  beforeAll(async () => {
    database = await cloneDatabase();
    app = await serve(
      createBareApp({
        policies: createPolicyStore(database.orm),
        assets: createAssetStore(database.orm, () => undefined),
        preflight: () => Promise.resolve([{ pointer: '/assetPath/path', code: 'x', detail: 'x' }]),
      }),
    );
    client = createTestClient(app.baseUrl);
  });
  afterAll(async () => {
    app.close();
    await database?.drop();
  });

  const add = (name: string, rules: unknown) => client.call('POST', `/policies/${name}`, { rules });
  const problemOf = async (answer: Response) => (await answer.json()) as Problem;
  const submit = (given: object, headers?: Record<string, string>) =>
    client.call(
      'POST',
      '/assets/image',
      { assetPath: { location: 'local', path: './x.jpg' }, ...given },
      headers,
    );

  it('are made by name, version by version, and read as they were made, with defaults filled in', async () => {
    const made = await add('web', { dark: {}, formats: { allow: ['PNG'], message: 'No {format}.' } });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/policies/web/versions/1']);
    const first = (await made.json()) as { createdAt: string };
    expect(first).toMatchObject({
      name: 'web',
      version: 1,
      rules: {
        dark: { threshold: 0.32, severity: 'error' },
        formats: { allow: ['PNG'], message: 'No {format}.', severity: 'error' },
      },
    });
    const again = await add('web', { formats: { allow: ['PNG'], message: 'No {format}.' }, dark: {} });
    expect([again.status, again.headers.get('location')]).toEqual([200, '/policies/web/versions/1']);
    expect(await again.json()).toEqual(first);

    expect((await add('web', {})).status).toBe(201);
    expect(await client.read('/policies/web')).toMatchObject({
      name: 'web',
      version: 2,
      rules: {},
      versions: [{ version: 2 }, { version: 1, createdAt: first.createdAt }],
    });
    expect(await client.read('/policies/web/versions/1')).toEqual(first);
    expect(await client.read('/policies')).toMatchObject({
      policies: [
        { name: 'default', version: 1, createdAt: null },
        { name: 'web', version: 2 },
      ],
    });
  });

  it('are answered in the order of docs/policies.md, settings first, however they are stored', async () => {
    const dark = { severity: 'info', message: 'Dark.', threshold: 0.2 };
    const blur = { severity: 'info', colourThreshold: 0.1, threshold: 0.2 };
    const size = { iqrFactor: 2 };
    const made = await add('ordered', { size, blur, dark, bytes: { max: 9 }, formats: { allow: ['PNG'] } });
    const rules =
      '{"formats":{"allow":["PNG"],"severity":"error"},"bytes":{"min":0,"max":9,"severity":"error"},' +
      '"dark":{"threshold":0.2,"message":"Dark.","severity":"info"},' +
      '"blur":{"threshold":0.2,"colourThreshold":0.1,"severity":"info"},"size":{"iqrFactor":2,"severity":"error"}}';
    const begin = `{"name":"ordered","version":1,"rules":${rules},"createdAt":`;
    expect((await made.text()).startsWith(begin)).toBe(true);
    for (const path of ['', '/versions/1']) {
      const read = await (await client.call('GET', `/policies/ordered${path}`)).text();
      expect(read.slice(0, begin.length)).toBe(begin);
    }
  });

  it('include the default policy, which no tenant can change', async () => {
    const rules = { formats: { allow: ['JPEG'] }, maxDimensions: { width: 1000, height: 1000 } };
    expect(await client.read('/policies/default')).toMatchObject({
      version: 1,
      rules,
      versions: [{ version: 1 }],
    });
    expect(await client.read('/policies/default/versions/1')).toMatchObject({ version: 1, rules });
    const refused = await add('default', {});
    expect(await problemOf(refused)).toMatchObject({
      status: 409,
      type: 'urn:validatr:error:policy_reserved',
    });
  });

  it.each([
    'other',
    'WEB',
    'default/versions/2',
    'web/versions/99',
    'web/versions/0',
    'web/versions/01',
    'web/versions/1e0',
    'web/versions/99999999999',
    'web%00',
  ])('are 404 if they do not exist: %s', async (path) => {
    expect(await problemOf(await client.call('GET', `/policies/${path}`))).toMatchObject({
      status: 404,
      type: 'urn:validatr:error:policy_not_found',
    });
  });

  it('are 404 for an unknown version, and the answer names the latest', async () => {
    await add('short', {});
    const detail = 'Policy short has no version 99; its latest is 1.';
    const missed = { type: 'urn:validatr:error:policy_not_found', detail };
    expect(await problemOf(await client.call('GET', '/policies/short/versions/99'))).toMatchObject(missed);
    const judged = await client.call('POST', '/policies/short/judge', { version: 99 });
    expect(await problemOf(judged)).toMatchObject({ ...missed, status: 404 });
    const { errors } = await problemOf(await submit({ policy: 'short@99' }));
    expect(errors).toEqual([{ pointer: '/policy', code: 'policy_not_found', detail }]);
  });

  it.each(['UPPER', 'a_b', '-a', 'a'.repeat(64), 'web@1', '%00'])("can't have the name %s", async (name) => {
    const { status, errors } = await problemOf(await add(name, {}));
    expect([status, errors?.map(({ pointer }) => pointer)]).toEqual([422, ['/name']]);
  });

  it('point at the setting that is at fault', async () => {
    const refused = await add('faulty', {
      dark: { threshold: 1.5 },
      formats: { allow: [] },
      bytes: { maximum: 3 },
      blur: { severity: 'fatal' },
      alpha: null,
      light: { message: 'a\0b' },
    });
    const { status, errors = [] } = await problemOf(refused);
    expect(status).toBe(422);
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual([
      '/rules/alpha',
      '/rules/blur/severity',
      '/rules/bytes/maximum',
      '/rules/dark/threshold',
      '/rules/formats/allow',
      '/rules/light/message',
    ]);
    expect((await client.call('GET', '/policies/faulty')).status).toBe(404);
  });

  it('name the known rules if a rule is unknown', async () => {
    const { errors = [] } = await problemOf(await add('faulty', { darkness: {} }));
    expect(errors).toHaveLength(1);
    expect(errors[0]?.pointer).toBe('/rules/darkness');
    for (const name of RULE_NAMES) expect(errors[0]?.detail).toContain(name);
    const { errors: others } = await problemOf(await client.call('POST', '/policies/faulty', { rulez: {} }));
    expect(others?.map(({ pointer, detail }) => `${pointer} ${detail}`)).toContain(
      '/rulez is not a known field',
    );
  });

  it('are named by submissions as name (the latest version) or name@version', async () => {
    await add('named', { alpha: {} });
    await add('named', { animation: {} });
    const policyOf = async (policy: unknown, more: object = {}) => {
      const { id } = (await (await submit({ policy, ...more })).json()) as { id: string };
      const { policy: shown } = await client.read<{ policy: string }>(`/assets/${id}/details`);
      return shown;
    };
    expect(await policyOf('named')).toBe('named@2');
    expect(await policyOf('named@1')).toBe('named@1');
    for (const own of ['default', 'default@1', null, undefined])
      expect(await policyOf(own)).toBe('default@1');
  });

  it.each(['nobodys', 'nobodys@1', 'default@2'])(
    'refuse a submission that names a missing one: %s',
    async (policy) => {
      const { status, errors } = await problemOf(await submit({ policy }));
      expect([status, errors?.map(({ pointer, code }) => `${pointer} ${code}`)]).toEqual([
        422,
        ['/policy policy_not_found'],
      ]);
    },
  );

  it('are refused together with every other fault of a strict submission', async () => {
    const { errors } = await problemOf(await submit({ policy: 'nobodys' }, { prefer: 'handling=strict' }));
    expect(errors?.map(({ pointer }) => pointer)).toEqual(['/policy', '/assetPath/path']);
  });

  it('are named by retries too, which refuse unknown policies and unknown fields', async () => {
    await add('again', { alpha: {} });
    const { id } = (await (await submit({})).json()) as { id: string };
    const retry = (body: object) => client.call('POST', `/assets/${id}/retry`, body);
    for (const [body, fault] of [
      [{ policy: 'nobodys' }, '/policy policy_not_found'],
      [{ policy: 'Again' }, '/policy invalid_format'],
      [{ reason: 'x' }, '/reason unrecognized_keys'],
    ] as const) {
      const { status, errors } = await problemOf(await retry(body));
      expect([status, errors?.map(({ pointer, code }) => `${pointer} ${code}`)]).toEqual([422, [fault]]);
    }
    await client.call('POST', `/assets/${id}/cancel`);
    expect((await retry({ policy: 'again' })).status).toBe(202);
    expect(await client.read(`/assets/${id}/details`)).toMatchObject({ policy: 'again@1', attempt: 2 });
  });

  it.each([
    ['/policy', { policy: 'web@x' }],
    ['/policy', { policy: 'Web' }],
    ['/policy', { policy: 1 }],
    ['/sha256', { sha256: 'ab' }],
    ['/sha256', { sha256: `${'a'.repeat(63)}g` }],
  ])('and checksums are refused in a wrong form: %s %o', async (pointer, given) => {
    const { status, errors } = await problemOf(await submit(given));
    expect([status, errors?.map((error) => error.pointer)]).toEqual([422, [pointer]]);
  });

  it('keep a checksum in lower case, whatever case it came in', async () => {
    const { id } = (await (await submit({ sha256: 'Ab'.repeat(32) })).json()) as { id: string };
    expect(await database.query('SELECT sha256 FROM assets WHERE id = ?', [id])).toEqual([
      { sha256: 'ab'.repeat(32) },
    ]);
  });

  it('have at most 1,000 versions', async () => {
    await database.query(
      `INSERT INTO policies (owner, name, version, rules)
       SELECT 'default', 'many', n, '{}' FROM generate_series(1, ${MAX_POLICY_VERSIONS}) AS n`,
    );
    const refused = await add('one-more', {});
    expect(await problemOf(refused)).toMatchObject({
      status: 409,
      type: 'urn:validatr:error:too_many_policies',
    });
  });
});
