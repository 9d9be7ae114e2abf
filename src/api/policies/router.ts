import { Router } from 'express';
import { AppError } from '../../domain/errors.ts';
import { DEFAULT_POLICY, describePolicy } from '../../domain/policy.ts';
import type { PolicyStore, VerdictArchive } from '../../domain/ports/policies.ts';
import type { Answer } from '../http/answer.ts';
import { requireScope, tenantOf } from '../http/auth.ts';
import { findPolicy } from './find-policy.ts';
import { jsonBody } from '../http/json-body.ts';
import { streamJsonObject } from '../http/json-stream.ts';
import { type Counts, judgeStored, type judgement } from './judgement-answers.ts';
import {
  BUILT_IN,
  pathOf,
  type policies,
  type policy,
  type policyWithVersions,
  representPolicy,
} from './answers.ts';
import { parseJudgeRequest, parseNewName, parsePolicyRequest, parseVersion } from './requests.ts';
import { route } from '../http/routes.ts';

export interface PoliciesDeps {
  readonly policies: PolicyStore;
  readonly verdicts: VerdictArchive;
}

/** Stored verdicts judged in one go: requests of others get their turn after each, and an answer never lies whole in memory. */
const BLOCK_ROWS = 50;

const mayRead = requireScope('assets:read');
const mayManage = requireScope('policies:manage');

/** The rules of the caller's own tenant, and those that everyone has. */
export function createPoliciesRouter({ policies: store, verdicts }: PoliciesDeps): Router {
  const router = Router();

  /** `version` null: the latest. @throws {AppError} `policy_not_found` */
  async function findOr404(tenant: string, name: unknown, version: number | null) {
    if (typeof name !== 'string') throw new AppError('policy_not_found');
    const found = await findPolicy(store, tenant, { name, version });
    if (found instanceof AppError) throw found;
    return found;
  }

  async function* readPage(tenant: string, limit: number, cursor: string | undefined) {
    let before = cursor;
    for (let left = limit; left > 0; left -= BLOCK_ROWS) {
      const block = await verdicts.page(tenant, { limit: Math.min(left, BLOCK_ROWS), before });
      if (block.length > 0) yield block;
      if (block.length < BLOCK_ROWS) return;
      before = block.at(-1)?.id;
    }
  }

  async function* readAll(tenant: string, ids: readonly string[]) {
    const newestFirst = ids.toSorted().toReversed();
    for (let at = 0; at < newestFirst.length; at += BLOCK_ROWS) {
      const block = await verdicts.find(tenant, newestFirst.slice(at, at + BLOCK_ROWS));
      if (block.length > 0) yield block;
    }
  }

  route(router, '/policies', {
    get: [
      mayRead,
      async (_req, res) => {
        const { name, version, createdAt } = BUILT_IN;
        const own = await store.list(tenantOf(res));
        res.json({ policies: [{ name, version, createdAt }, ...own] } satisfies Answer<typeof policies>);
      },
    ],
  });

  route(router, '/policies/:name', {
    get: [
      mayRead,
      async (req, res) => {
        const found = await findOr404(tenantOf(res), req.params['name'], null);
        const versions = found === BUILT_IN ? [BUILT_IN] : await store.versions(tenantOf(res), found.name);
        res.json({
          ...representPolicy(found),
          versions: versions.map(({ version, createdAt }) => ({ version, createdAt })),
        } satisfies Answer<typeof policyWithVersions>);
      },
    ],
    post: [
      mayManage,
      jsonBody(),
      async (req, res) => {
        const name = parseNewName(req.params['name']);
        if (name === DEFAULT_POLICY.name) throw new AppError('policy_reserved');
        const added = await store.add(tenantOf(res), name, parsePolicyRequest(req.body));
        if (added === null) throw new AppError('too_many_policies');
        res
          .status(added.isNew ? 201 : 200)
          .location(pathOf(added.policy))
          .json(representPolicy(added.policy) satisfies Answer<typeof policy>);
      },
    ],
  });

  route(router, '/policies/:name/versions/:version', {
    get: [
      mayRead,
      async (req, res) => {
        const version = parseVersion(req.params['version']);
        if (version === null) throw new AppError('policy_not_found');
        const found = await findOr404(tenantOf(res), req.params['name'], version);
        res.json(representPolicy(found) satisfies Answer<typeof policy>);
      },
    ],
  });

  route(router, '/policies/:name/judge', {
    post: [
      mayRead,
      jsonBody({ optional: true }),
      async (req, res) => {
        const { version = null, assets, limit, cursor } = parseJudgeRequest(req.body);
        const tenant = tenantOf(res);
        const found = await findOr404(tenant, req.params['name'], version);
        const ids = assets === undefined ? null : [...new Set(assets)];
        const judged = new Set<string>();
        const counts: Counts = { complete: 0, failed: 0, unknown: 0, changed: 0 };
        await streamJsonObject(res, {
          before: { policy: describePolicy(found) },
          field: 'assets',
          blocks: ids === null ? readPage(tenant, limit, cursor) : readAll(tenant, ids),
          represent(stored) {
            judged.add(stored.id);
            return judgeStored(found, stored, counts);
          },
          after: (): Omit<Answer<typeof judgement>, 'policy' | 'assets'> => ({
            notFound: ids?.filter((id) => !judged.has(id)) ?? [],
            counts,
            next: ids === null && judged.size === limit ? ([...judged].at(-1) ?? null) : null,
          }),
        });
      },
    ],
  });

  return router;
}
