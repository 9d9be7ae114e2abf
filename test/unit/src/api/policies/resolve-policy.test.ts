import { describe, expect, it } from 'vitest';
import { createResolvePolicy } from '../../../../../src/api/policies/resolve-policy.ts';
import { AppError } from '../../../../../src/domain/errors.ts';
import { KNOWN_BY_ALL } from '../../../../../src/domain/needs.ts';
import { DEFAULT_POLICY, policyRules } from '../../../../../src/domain/policy.ts';
import type { StoredPolicy } from '../../../../../src/domain/ports/policies.ts';

/** A store with one policy of the tenant `anna`, in two versions. `asked` records the queries. */
function createStub() {
  const asked: string[] = [];
  const stub = {
    asked,
    latest: 2,
    find(tenant: string, name: string, version: number | null): Promise<StoredPolicy | null> {
      asked.push(`${tenant} ${name} ${version ?? 'latest'}`);
      const found = version ?? stub.latest;
      const exists = tenant === 'anna' && name === 'web' && found <= stub.latest;
      const rules = policyRules.parse({});
      return Promise.resolve(exists ? { name, version: found, rules, createdAt: new Date() } : null);
    },
  };
  return stub;
}

describe('the policy of a submission', () => {
  it.each([undefined, 'default', 'default@1'])(
    'is the default policy, without a query: %s',
    async (given) => {
      const store = createStub();
      expect(await createResolvePolicy(store)('anna', given)).toBe(DEFAULT_POLICY);
      expect(store.asked).toEqual([]);
    },
  );

  it('is looked up once if it names a version, and each time if it does not', async () => {
    const store = createStub();
    const resolve = createResolvePolicy(store);
    for (const _again of [1, 2, 3])
      expect(await resolve('anna', 'web@1')).toEqual({ name: 'web', version: 1, needs: KNOWN_BY_ALL });
    expect(store.asked).toEqual(['anna web 1']);
    expect(await resolve('anna', 'web')).toEqual({ name: 'web', version: 2, needs: KNOWN_BY_ALL });
    store.latest = 3;
    expect(await resolve('anna', 'web')).toEqual({ name: 'web', version: 3, needs: KNOWN_BY_ALL });
  });

  it('belongs to its tenant: another tenant does not find it', async () => {
    const resolve = createResolvePolicy(createStub());
    expect(await resolve('anna', 'web@1')).not.toBeInstanceOf(AppError);
    expect(await resolve('bob', 'web@1')).toMatchObject({ code: 'policy_not_found' });
  });

  it('is looked up again if it was not found', async () => {
    const store = createStub();
    const resolve = createResolvePolicy(store);
    expect(await resolve('anna', 'web@3')).toMatchObject({ code: 'policy_not_found' });
    store.latest = 3;
    expect(await resolve('anna', 'web@3')).toEqual({ name: 'web', version: 3, needs: KNOWN_BY_ALL });
  });

  it('is reported missing together with the latest version', async () => {
    const resolve = createResolvePolicy(createStub());
    const said = async (tenant: string, given: string) => Object(await resolve(tenant, given)) as Error;
    expect((await said('anna', 'web@3')).message).toBe('Policy web has no version 3; its latest is 2.');
    expect((await said('anna', 'default@2')).message).toBe(
      'Policy default has no version 2; its latest is 1.',
    );
    for (const given of ['other@1', 'other'])
      expect((await said('anna', given)).message).toBe('No policy is named other.');
    expect((await said('bob', 'web@3')).message).toBe('No policy is named web.');
  });

  it.each(['default@2', 'other', 'WEB', 'web@0', ''])(
    'is not found if it does not exist: %s',
    async (given) => {
      expect(await createResolvePolicy(createStub())('anna', given)).toMatchObject({
        code: 'policy_not_found',
      });
    },
  );
});
