import { describePolicy } from '../../domain/policy.ts';
import type { VerdictArchive } from '../../domain/ports/policies.ts';
import type { Answer } from '../http/answer.ts';
import { tenantOf } from '../http/auth.ts';
import { streamJsonObject } from '../http/json-stream.ts';
import { defineOperation } from '../http/operation.ts';
import { JUDGE_REQUEST } from './examples.ts';
import { findOr404 } from './find-policy.ts';
import { type Counts, judgement, judgeStored } from './judgement-answers.ts';
import type { PolicyDeps } from './operations.ts';
import { judgeRequest, policyName } from './requests.ts';

export interface JudgeDeps extends PolicyDeps {
  readonly verdicts: VerdictArchive;
}

/** How many stored verdicts are judged in one go. Other requests get their turn after each block. Memory holds one block. */
const BLOCK_ROWS = 50;

export const judgeByPolicy = defineOperation({
  method: 'post',
  path: '/policies/{name}/judge',
  params: { name: policyName },
  id: 'judgeByPolicy',
  tag: 'policies',
  summary: 'Say what a policy would decide about stored assets',
  description:
    'Judges stored measurements of assets, whatever policy they were validated under. No file is read, and no verdict changes. ' +
    'If `assets` is given, `limit` and `cursor` are ignored.',
  scope: 'assets:read',
  body: { schema: judgeRequest, optional: true, examples: { first: JUDGE_REQUEST } },
  replies: { 200: { description: 'The verdicts.', schema: judgement } },
  problems: ['invalid_request', 'policy_not_found', 'database_unavailable'],
  handle:
    ({ policies, verdicts }: JudgeDeps) =>
    async (req, res, { body }) => {
      const { version = null, assets, limit, cursor } = body();
      const tenant = tenantOf(res);
      const found = await findOr404(policies, tenant, { name: req.params['name'], version });
      const ids = assets === undefined ? null : [...new Set(assets)];
      const judged = new Set<string>();
      const counts: Counts = { complete: 0, failed: 0, unknown: 0, changed: 0 };
      await streamJsonObject(res, {
        before: { policy: describePolicy(found) },
        field: 'assets',
        blocks: ids === null ? readPage(verdicts, tenant, { limit, cursor }) : readAll(verdicts, tenant, ids),
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
});

async function* readPage(
  verdicts: VerdictArchive,
  tenant: string,
  { limit, cursor }: { limit: number; cursor: string | undefined },
) {
  let before = cursor;
  for (let left = limit; left > 0; left -= BLOCK_ROWS) {
    const block = await verdicts.page(tenant, { limit: Math.min(left, BLOCK_ROWS), before });
    if (block.length > 0) yield block;
    if (block.length < BLOCK_ROWS) return;
    before = block.at(-1)?.id;
  }
}

async function* readAll(verdicts: VerdictArchive, tenant: string, ids: readonly string[]) {
  const newestFirst = ids.toSorted().toReversed();
  for (let at = 0; at < newestFirst.length; at += BLOCK_ROWS) {
    const block = await verdicts.find(tenant, newestFirst.slice(at, at + BLOCK_ROWS));
    if (block.length > 0) yield block;
  }
}
