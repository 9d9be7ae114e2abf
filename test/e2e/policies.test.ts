import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, mkdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { type Stack, startStack } from '../support/stack.ts';

interface Details {
  readonly id: string;
  readonly state: string;
  readonly errors: Record<string, string[]> | null;
  readonly policy: string;
  readonly steps: { readonly name: string; readonly state: string }[];
  readonly findings: {
    readonly code: string;
    readonly severity: string;
    readonly message: string;
    readonly measured: unknown;
  }[];
}

const PNG = 'assets/chelsea.png';

describe('a stack that validates under policies', () => {
  let stack: Stack;
  let client: TestClient;
  let base: string;

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'validatr-policies-'));
    await mkdir(join(base, 'assets'));
    await copyFile(PNG, join(base, 'assets/kept.png'));
    stack = await startStack({ ASSET_BASE: base });
    client = createTestClient(stack.baseUrl);
    await add('png-ok', { formats: { allow: ['JPEG', 'PNG'] } });
  });
  afterAll(async () => {
    await stack?.stop();
    await rm(base, { recursive: true, force: true });
  });

  async function add(name: string, rules: object): Promise<void> {
    expect((await client.call('POST', `/policies/${name}`, { rules })).status).toBe(201);
  }

  async function validate(given: object, path = './assets/kept.png'): Promise<Details> {
    const answer = await client.call(
      'POST',
      '/assets/image/',
      { assetPath: { location: 'local', path }, ...given },
      { prefer: 'wait=20' },
    );
    expect(answer.status).toBe(200);
    return (await answer.json()) as Details;
  }

  const stepsOf = ({ steps }: Details) => steps.map(({ name, state }) => `${name} ${state}`);
  const common = ['checkWebhookUrls passed', 'checkAssetReachable passed', 'checkIsImage passed'];

  it('completes an asset that its policy allows, by the steps of that policy, and names the policy', async () => {
    const allowed = await validate({ policy: 'png-ok@1' });
    expect(allowed).toMatchObject({ state: 'complete', errors: null, policy: 'png-ok@1', findings: [] });
    expect(stepsOf(allowed)).toEqual([...common, 'checkIsJpeg passed']);

    const plain = await validate({});
    expect(plain).toMatchObject({
      state: 'failed',
      errors: { asset: ['Assets must be a JPEG, the provided image is a PNG'] },
      policy: 'default@1',
    });
    expect(stepsOf(plain)).toEqual([...common, 'checkIsJpeg failed', 'checkDimensions passed']);
  });

  it('fails an asset that its policy refuses, in the words of the policy', async () => {
    await add('large', { minDimensions: { width: 1_000, height: 1, message: '{width}px is too narrow?' } });
    const refused = await validate({ policy: 'large' });
    expect(refused).toMatchObject({
      state: 'failed',
      errors: { asset: ['451px is too narrow?'] },
      policy: 'large@1',
    });
    expect(stepsOf(refused)).toEqual([...common, 'checkMinDimensions failed']);
  });

  it('reports a warning and completes all the same', async () => {
    const message = '{width}x{height} is large';
    await add('warning', { maxDimensions: { width: 100, height: 100, severity: 'warning', message } });
    const warned = await validate({ policy: 'warning' });
    expect(warned).toMatchObject({
      state: 'complete',
      errors: null,
      findings: [{ code: 'dimensions_too_large', severity: 'warning', message: '451x300 is large' }],
    });
    expect(stepsOf(warned)).toEqual([...common, 'checkDimensions passed']);
  });

  it('compares the checksum that a submission gives, whatever its policy', async () => {
    const right = createHash('sha256')
      .update(await readFile(PNG))
      .digest('hex');
    const wrong = 'ab'.repeat(32);
    const same = await validate({ policy: 'png-ok', sha256: right.toUpperCase() });
    expect(same).toMatchObject({ state: 'complete', findings: [] });
    expect(stepsOf(same)).toEqual([...common, 'checkChecksum passed', 'checkIsJpeg passed']);

    const other = await validate({ policy: 'png-ok', sha256: wrong });
    expect(other).toMatchObject({
      state: 'failed',
      errors: { asset: [`Asset does not have the given SHA-256: it has ${right}.`] },
      findings: [{ code: 'checksum_mismatch', measured: { expected: wrong, sha256: right } }],
    });
    const plain = await validate({ sha256: wrong });
    expect(plain.findings.map(({ code }) => code)).toEqual(['checksum_mismatch', 'format_not_allowed']);
  });

  it('confirms no checksum of a file too large to pass, even of a terabyte, and gives a verdict at once', async () => {
    await copyFile(PNG, join(base, 'assets/large.png'));
    await truncate(join(base, 'assets/large.png'), 2 ** 40);
    const given = { policy: 'png-ok', sha256: 'ab'.repeat(32) };
    const large = await validate(given, './assets/large.png');
    expect(large).toMatchObject({
      state: 'failed',
      errors: { asset: ['Asset is not a readable image: larger than 128 MiB.'] },
      image: { bytes: 2 ** 40, sha256: null, width: 451 },
    });
    expect(stepsOf(large)).toEqual([
      ...common.slice(0, 2),
      'checkIsImage failed',
      'checkChecksum skipped',
      'checkIsJpeg passed',
    ]);
  });

  it('refuses a submission under a missing policy, and stores nothing', async () => {
    const answer = await client.call('POST', '/assets/image/', {
      assetPath: { location: 'local', path: './assets/kept.png' },
      policy: 'nobodys@1',
    });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      type: 'urn:validatr:error:invalid_request',
      errors: [{ pointer: '/policy', code: 'policy_not_found' }],
    });
    const rows = await stack.database.query(`SELECT 1 FROM assets WHERE policy_name = 'nobodys'`);
    expect(rows).toEqual([]);
  });

  it('judges by another version when the file is gone, and lets the verdict stand', async () => {
    await add('changing', { formats: { allow: ['PNG'] } });
    await copyFile(PNG, join(base, 'assets/gone.png'));
    const { id } = await validate({ policy: 'changing' }, './assets/gone.png');
    await rm(join(base, 'assets/gone.png'));
    await add('changing', { formats: { allow: ['JPEG'] } });

    const answer = await client.call('POST', '/policies/changing/judge', { version: 2, assets: [id] });
    expect(await answer.json()).toMatchObject({
      policy: 'changing@2',
      assets: [
        {
          id,
          state: 'failed',
          was: { state: 'complete', policy: 'changing@1' },
          findings: [{ code: 'format_not_allowed', severity: 'error' }],
        },
      ],
      counts: { complete: 0, failed: 1, unknown: 0, changed: 1 },
    });
    expect(await client.read(`/assets/${id}/details`)).toMatchObject({
      state: 'complete',
      policy: 'changing@1',
    });
  });
});
