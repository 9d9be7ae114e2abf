import { describePolicy, parsePolicyReference } from '../../domain/policy.ts';
import { AppError } from '../../domain/errors.ts';
import type { VerdictArchive } from '../../domain/ports/policies.ts';
import { createSharedPlaces } from '../../domain/turns/shared-places.ts';
import type { Answer } from '../http/answer.ts';
import { tenantOf } from '../http/auth.ts';
import { streamJsonObject } from '../http/json-stream.ts';
import { defineOperation } from '../http/operation.ts';
import { invalidRequest } from '../http/parse.ts';
import { JUDGE_REQUEST } from './examples.ts';
import { policyFault } from '../assets/refuse-work.ts';
import { findOr404, findPolicy } from './find-policy.ts';
import { judgeBlocks, NO_COUNTS } from './judge-blocks.ts';
import { judgement, representJudged } from './judgement-answers.ts';
import type { PolicyDeps } from './operations.ts';
import { judgeRequest, policyName } from './requests.ts';

export interface JudgeDeps extends PolicyDeps {
  readonly verdicts: VerdictArchive;
}

/** How many stored verdicts are judged in one go. Other requests get their turn after each block. Memory holds one block. */
const BLOCK_ROWS = 50;

/**
 * Requests of all tenants that may go through stored verdicts at once. Each may read every asset of its tenant, and the process
 * judges them beside its other requests. A tenant has half of these places.
 */
const SCANS_AT_ONCE = 8;

/** A request for a place waits this long, because most scans are short. */
const SCAN_WAIT_MS = 2_000;

/** When to come again, because other scans are long. */
const SCAN_RETRY_S = 5;

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
  handle({ policies, verdicts }: JudgeDeps) {
    const scans = createSharedPlaces({
      total: SCANS_AT_ONCE,
      waitMs: SCAN_WAIT_MS,
      refusal: () =>
        new AppError('too_many_at_once', {
          detail: 'Too many judgements of this tenant, or of all tenants, are in progress.',
          retryAfterS: SCAN_RETRY_S,
        }),
    });
    return async (req, res, { body }) => {
      const { version = null, assets, limit, cursor, ...filter } = body();
      const tenant = tenantOf(res);
      const judging = await findOr404(policies, tenant, { name: req.params['name'], version });
      await requireKnown(policies, tenant, filter.policy);
      const ids = assets === undefined ? null : [...new Set(assets)];
      const found = new Set<string>();
      const [counts, total] = [{ ...NO_COUNTS }, { ...NO_COUNTS }];
      const isFirstPage = ids === null && cursor === undefined;
      let shown = 0;
      let last: string | null = null;
      const answer = () =>
        streamJsonObject(res, {
          before: { policy: describePolicy(judging) },
          field: 'assets',
          blocks: judgeBlocks(
            ids === null ? readFrom(verdicts, tenant, cursor) : readAll(verdicts, tenant, { ids, found }),
            {
              policy: judging,
              filter,
              limit: ids === null ? limit : Infinity,
              counts,
              total: isFirstPage ? total : null,
              isGone: () => res.closed,
            },
          ),
          represent(judged) {
            shown += 1;
            last = judged.stored.id;
            return representJudged(judged);
          },
          after: (): Omit<Answer<typeof judgement>, 'policy' | 'assets'> => ({
            notFound: ids?.filter((id) => !found.has(id)) ?? [],
            counts,
            total: isFirstPage ? total : null,
            next: ids === null && shown === limit ? last : null,
          }),
        });
      // Named assets are few.
      await (ids === null ? scans.use(tenant, answer) : answer());
    };
  },
});

/** A filter by a policy that does not exist would answer zeros. @throws {AppError} `invalid_request` */
async function requireKnown(
  policies: PolicyDeps['policies'],
  tenant: string,
  reference: string | undefined,
): Promise<void> {
  const asked = reference === undefined ? null : parsePolicyReference(reference);
  if (asked === null) return;
  const found = await findPolicy(policies, tenant, asked);
  if (found instanceof AppError) throw invalidRequest([policyFault(found)]);
}

async function* readFrom(verdicts: VerdictArchive, tenant: string, cursor: string | undefined) {
  let before = cursor;
  for (;;) {
    const block = await verdicts.page(tenant, { limit: BLOCK_ROWS, before });
    if (block.length > 0) yield block;
    if (block.length < BLOCK_ROWS) return;
    before = block.at(-1)?.id;
  }
}

/** Adds the ids that exist to `found`. */
async function* readAll(
  verdicts: VerdictArchive,
  tenant: string,
  { ids, found }: { ids: readonly string[]; found: Set<string> },
) {
  const newestFirst = ids.toSorted().toReversed();
  for (let at = 0; at < newestFirst.length; at += BLOCK_ROWS) {
    const block = await verdicts.find(tenant, newestFirst.slice(at, at + BLOCK_ROWS));
    for (const { id } of block) found.add(id);
    if (block.length > 0) yield block;
  }
}
