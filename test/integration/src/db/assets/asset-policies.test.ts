import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssetStore } from '../../../../../src/db/assets/asset-store.ts';
import { createDispatchQueue } from '../../../../../src/db/assets/dispatch-queue.ts';
import { createPolicyStore } from '../../../../../src/db/policies/policy-store.ts';
import { createRepairStore } from '../../../../../src/db/assets/repair-store.ts';
import { DEFAULT_POLICY, type PolicyId, policyRules } from '../../../../../src/domain/policy.ts';
import type { AssetStore } from '../../../../../src/domain/ports/assets.ts';
import { KNOWN_BY_ALL } from '../../../../../src/domain/needs.ts';
import type { DispatchQueue } from '../../../../../src/domain/ports/dispatch.ts';
import { acceptOnce } from '../../../../support/assets/accept-once.ts';
import { cloneDatabase, type TestDatabase } from '../../../../support/database.ts';

const ignore = () => undefined;
const TENANT = 'anna';
const rules = policyRules.parse({ formats: { allow: ['PNG'] }, dark: { severity: 'warning' } });
const sha256 = 'ab'.repeat(32);
const submission = {
  assetPath: { location: 'local', path: './assets/rocket.jpg' },
  notifications: {},
  policy: 'web',
} as const;
const first = { name: 'web', version: 1 } as const;

describe('assets under a policy', () => {
  let database: TestDatabase;
  let assets: AssetStore;
  let queue: DispatchQueue;

  beforeAll(async () => {
    database = await cloneDatabase();
    assets = createAssetStore(database.orm, ignore);
    queue = createDispatchQueue(database.orm);
    const policies = createPolicyStore(database.orm);
    await policies.add('another', 'web', policyRules.parse({ alpha: {} }));
    await policies.add(TENANT, 'web', rules);
    await policies.add(TENANT, 'web', policyRules.parse({}));
  });
  afterAll(() => database?.drop());

  it("are leased with the rules of their version and their checksum; others with the contract's own", async () => {
    const one = await assets.accept(TENANT, { ...submission, sha256 }, first);
    const once = await acceptOnce(assets, TENANT, { ...submission, sha256 }, 'key', first);
    const plain = await assets.accept(TENANT, { ...submission });
    const leased = new Map(
      (await queue.lease(10, { knows: KNOWN_BY_ALL })).map(({ id, ...asset }) => [id, asset]),
    );
    for (const id of [one, once ?? ''])
      expect(leased.get(id)).toMatchObject({ policy: { ...first, rules }, sha256 });
    expect(leased.get(plain)).toMatchObject({ policy: DEFAULT_POLICY, sha256: null });
  });

  it('keep their version when the same request comes again and its name means another version', async () => {
    const accept = (version: number) =>
      acceptOnce(assets, TENANT, submission, 'again', { name: 'web', version });
    const id = await accept(1);
    expect(await accept(2)).toBe(id);
    expect((await assets.findDetails(TENANT, id ?? ''))?.policy).toBe('web@1');
    const other = { ...submission, policy: 'web@1' };
    expect(await acceptOnce(assets, TENANT, other, 'again', first)).toBeNull();
  });

  it('keep their policy in a new attempt, or get another one from then on', async () => {
    const id = await assets.accept(TENANT, submission, first);
    const retried = async (policy?: PolicyId) => {
      await assets.requestCancel(TENANT, id, null);
      await assets.retry(TENANT, id, policy);
      return (await assets.findDetails(TENANT, id))?.policy;
    };
    expect(await retried()).toBe('web@1');
    expect(await retried({ name: 'web', version: 2 })).toBe('web@2');
    expect(await retried()).toBe('web@2');
    expect(await retried(DEFAULT_POLICY)).toBe('default@1');
    await assets.requestCancel(TENANT, id, null);
  });

  it('show the steps of their policy before the first step has begun, and if none ever began', async () => {
    const steps = ['checkWebhookUrls', 'checkAssetReachable', 'checkIsImage'];
    const shown = async (id: string) => {
      const details = await assets.findDetails(TENANT, id);
      return [details?.policy, ...(details?.steps ?? []).map(({ name, state }) => `${name} ${state}`)];
    };
    const id = await assets.accept(TENANT, { ...submission, sha256 }, first);
    const own = [...steps, 'checkChecksum', 'checkIsJpeg', 'checkDark'];
    expect(await shown(id)).toEqual(['web@1', ...own.map((name) => `${name} pending`)]);
    await assets.requestCancel(TENANT, id, null);
    expect(await shown(id)).toEqual(['web@1', ...own.map((name) => `${name} skipped`)]);

    const plain = await assets.accept(TENANT, submission);
    const contracts = [...steps, 'checkIsJpeg', 'checkDimensions'];
    expect(await shown(plain)).toEqual(['default@1', ...contracts.map((name) => `${name} pending`)]);
  });

  it('show the steps of their policy as skipped when the reconciler has closed them', async () => {
    const id = await assets.accept(TENANT, submission, first);
    const repairs = createRepairStore(database.orm, () => Promise.resolve({}), ignore);
    const verdict = { state: 'canceled', findings: [], steps: [], image: null } as const;
    await repairs.close({ id, attempt: 1, runId: null, heldBy: `asset-${id}` }, verdict);
    const details = await assets.findDetails(TENANT, id);
    expect(details?.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'checkWebhookUrls skipped',
      'checkAssetReachable skipped',
      'checkIsImage skipped',
      'checkIsJpeg skipped',
      'checkDark skipped',
    ]);
  });
});
