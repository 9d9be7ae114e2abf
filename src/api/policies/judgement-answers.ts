import { z } from 'zod';
import { RULE_NAMES, CHECKS } from '../../domain/checks/index.ts';
import { REJUDGED_STATES } from '../../domain/rejudge.ts';
import { type Answer, count, uuid } from '../http/answer.ts';
import { assetState, finding } from '../assets/answers.ts';
import { JUDGEMENT } from './examples.ts';
import { representFinding } from '../assets/represent.ts';
import type { Judged } from './judge-blocks.ts';

const CHECK_NAMES = RULE_NAMES.map((name) => CHECKS[name].name);

const judgedAsset = z
  .object({
    id: uuid,
    state: z.enum(REJUDGED_STATES).meta({
      description: '`unknown`: the stored measurements are not enough, or the validation reached no verdict.',
    }),
    findings: z.array(finding),
    was: z
      .object({ state: assetState, policy: z.string().meta({ description: '`name@version`' }) })
      .meta({ description: 'The current verdict, which stays as it is.' }),
    lacking: z
      .array(z.enum(CHECK_NAMES))
      .optional()
      .meta({ description: 'Steps that need a measurement which is not stored.' }),
  })
  .meta({ id: 'JudgedAsset' });

const counts = z.object({ complete: count, failed: count, unknown: count, changed: count });

export const judgement = z
  .object({
    policy: z.string().meta({ description: '`name@version` of the policy that judged.' }),
    assets: z.array(judgedAsset),
    notFound: z.array(uuid).meta({ description: 'The given ids that belong to no asset.' }),
    counts: counts.meta({
      description: 'Counts of this answer. `changed`: from failed to complete, or from complete to failed.',
    }),
    total: counts.nullable().meta({
      description: 'Counts of all terminal assets that match the filters. `null` with `cursor` or `assets`.',
    }),
    next: uuid.nullable().meta({ description: 'The `cursor` of the next page. `null` on the last one.' }),
  })
  .meta({ id: 'Judgement', examples: [JUDGEMENT] });

export function representJudged({ stored, verdict }: Judged): Answer<typeof judgedAsset> {
  const { state, findings, lacking } = verdict;
  return {
    id: stored.id,
    state,
    findings: findings.map(representFinding),
    was: { state: stored.state, policy: stored.policy },
    ...(lacking.length > 0 && { lacking }),
  };
}
