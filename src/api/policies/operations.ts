import { AppError } from '../../domain/errors.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { PolicyStore } from '../../domain/ports/policies.ts';
import type { Answer } from '../http/answer.ts';
import { tenantOf } from '../http/auth.ts';
import { defineOperation } from '../http/operation.ts';
import { location } from '../openapi/headers.ts';
import { BUILT_IN, pathOf, policies, policy, policyWithVersions, representPolicy } from './answers.ts';
import { RULES } from './examples.ts';
import { findOr404 } from './find-policy.ts';
import { parseNewName, parseVersion, policyName, policyRequest, policyVersion } from './requests.ts';

/** The policies of the caller's own tenant, and the one that every tenant has. */
export interface PolicyDeps {
  readonly policies: PolicyStore;
}

const tag = 'policies';
const ofName = { name: policyName };

export const listPolicies = defineOperation({
  method: 'get',
  path: '/policies',
  id: 'listPolicies',
  tag,
  summary: "List the tenant's policies by name, after the built-in one",
  scope: 'assets:read',
  replies: { 200: { description: 'The latest version of each.', schema: policies } },
  problems: ['database_unavailable'],
  handle:
    ({ policies: store }: PolicyDeps) =>
    async (_req, res) => {
      const { name, version, createdAt } = BUILT_IN;
      const own = await store.list(tenantOf(res));
      res.json({ policies: [{ name, version, createdAt }, ...own] } satisfies Answer<typeof policies>);
    },
});

export const getPolicy = defineOperation({
  method: 'get',
  path: '/policies/{name}',
  params: ofName,
  id: 'getPolicy',
  tag,
  summary: 'Read the latest version of a policy',
  scope: 'assets:read',
  replies: {
    200: { description: 'The latest version, and a list of all versions.', schema: policyWithVersions },
  },
  problems: ['policy_not_found', 'database_unavailable'],
  handle:
    ({ policies: store }: PolicyDeps) =>
    async (req, res) => {
      const found = await findOr404(store, tenantOf(res), { name: req.params['name'], version: null });
      const versions = found === BUILT_IN ? [BUILT_IN] : await store.versions(tenantOf(res), found.name);
      res.json({
        ...representPolicy(found),
        versions: versions.map(({ version, createdAt }) => ({ version, createdAt })),
      } satisfies Answer<typeof policyWithVersions>);
    },
});

export const addPolicy = defineOperation({
  method: 'post',
  path: '/policies/{name}',
  params: ofName,
  id: 'addPolicy',
  tag,
  summary: 'Make a policy, or its next version',
  description:
    'Defaults are filled in and stored. If the latest version has the same rules, no new version is made.',
  scope: 'policies:manage',
  body: { schema: policyRequest, examples: { catalogue: { rules: RULES } } },
  replies: {
    200: {
      description: 'The latest version already has these rules.',
      schema: policy,
      headers: { Location: location },
    },
    201: { description: 'A new version.', schema: policy, headers: { Location: location } },
  },
  problems: [
    'invalid_request',
    'policy_reserved',
    'too_many_policies',
    'database_unavailable',
    'storage_full',
  ],
  handle:
    ({ policies: store }: PolicyDeps) =>
    async (req, res, { body }) => {
      const name = parseNewName(req.params['name']);
      if (name === DEFAULT_POLICY.name) throw new AppError('policy_reserved');
      const added = await store.add(tenantOf(res), name, body().rules);
      if (added === null) throw new AppError('too_many_policies');
      res
        .status(added.isNew ? 201 : 200)
        .location(pathOf(added.policy))
        .json(representPolicy(added.policy) satisfies Answer<typeof policy>);
    },
});

export const getPolicyVersion = defineOperation({
  method: 'get',
  path: '/policies/{name}/versions/{version}',
  params: { ...ofName, version: policyVersion },
  id: 'getPolicyVersion',
  tag,
  summary: 'Read a version of a policy',
  scope: 'assets:read',
  replies: { 200: { description: 'The version. It never changes.', schema: policy } },
  problems: ['policy_not_found', 'database_unavailable'],
  handle:
    ({ policies: store }: PolicyDeps) =>
    async (req, res) => {
      const version = parseVersion(req.params['version']);
      if (version === null) throw new AppError('policy_not_found');
      const found = await findOr404(store, tenantOf(res), { name: req.params['name'], version });
      res.json(representPolicy(found) satisfies Answer<typeof policy>);
    },
});
