import { judgement } from './judgement-answers.ts';
import { policies, policy, policyWithVersions } from './answers.ts';
import { JUDGE_REQUEST, RULES } from './examples.ts';
import { judgeRequest, policyName, policyRequest, policyVersion } from './requests.ts';
import { location } from '../openapi/headers.ts';
import type { Operation } from '../openapi/paths.ts';

const tag = 'policies';
const ofName = { name: policyName };

export const POLICY_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/policies',
    id: 'listPolicies',
    tag,
    summary: "List the tenant's policies by name, after the built-in one",
    scope: 'assets:read',
    replies: { 200: { description: 'The latest version of each.', schema: policies } },
    problems: ['database_unavailable'],
  },
  {
    method: 'get',
    path: '/policies/{name}',
    params: ofName,
    id: 'getPolicy',
    tag,
    summary: 'Read the latest version of a policy',
    scope: 'assets:read',
    replies: { 200: { description: 'The version, and which others there are.', schema: policyWithVersions } },
    problems: ['policy_not_found', 'database_unavailable'],
  },
  {
    method: 'post',
    path: '/policies/{name}',
    params: ofName,
    id: 'addPolicy',
    tag,
    summary: 'Make a policy, or its next version',
    description: 'Defaults are filled in and kept. The rules of the latest version make no other one.',
    scope: 'policies:manage',
    body: {
      schema: policyRequest,
      examples: {
        catalogue: { rules: RULES },
      },
    },
    replies: {
      200: {
        description: 'The latest version has these rules already.',
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
  },
  {
    method: 'get',
    path: '/policies/{name}/versions/{version}',
    params: { ...ofName, version: policyVersion },
    id: 'getPolicyVersion',
    tag,
    summary: 'Read a version of a policy',
    scope: 'assets:read',
    replies: { 200: { description: 'The version, as it was made.', schema: policy } },
    problems: ['policy_not_found', 'database_unavailable'],
  },
  {
    method: 'post',
    path: '/policies/{name}/judge',
    params: ofName,
    id: 'judgeByPolicy',
    tag,
    summary: 'Say what verdicts a policy would come to',
    description:
      'From what is stored of assets that were validated under any policy: no file is read, and no verdict changes. ' +
      'With `assets`, `limit` and `cursor` mean nothing.',
    scope: 'assets:read',
    body: { schema: judgeRequest, optional: true, examples: { first: JUDGE_REQUEST } },
    replies: { 200: { description: 'The verdicts.', schema: judgement } },
    problems: ['invalid_request', 'policy_not_found', 'database_unavailable'],
  },
];
