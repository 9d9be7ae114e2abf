import { z } from 'zod';
import { RULE_NAMES, CHECKS } from '../../domain/checks/index.ts';
import type { Policy } from '../../domain/policy.ts';
import { rejudge, REJUDGED_STATES, type StoredVerdict } from '../../domain/rejudge.ts';
import { type Answer, count, uuid } from '../http/answer.ts';
import { assetState, finding } from '../assets/answers.ts';
import { JUDGEMENT } from './examples.ts';
import { representFinding } from '../assets/represent.ts';

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

export const judgement = z
  .object({
    policy: z.string().meta({ description: '`name@version` of the policy that judged.' }),
    assets: z.array(judgedAsset),
    notFound: z.array(uuid).meta({ description: 'The given ids that belong to no asset.' }),
    counts: z.object({ complete: count, failed: count, unknown: count, changed: count }).meta({
      description: 'Counts of this answer. `changed`: from failed to complete, or from complete to failed.',
    }),
    next: uuid.nullable().meta({ description: 'The `cursor` of the next page. `null` on the last one.' }),
  })
  .meta({ id: 'Judgement', examples: [JUDGEMENT] });

export type Counts = { -readonly [Key in keyof Answer<typeof judgement>['counts']]: number };

/** The verdict that the policy would give. Counts it. */
export function judgeStored(
  policy: Policy,
  stored: StoredVerdict,
  counts: Counts,
): Answer<typeof judgedAsset> {
  const { state, findings, lacking } = rejudge(stored, policy.rules);
  counts[state] += 1;
  if (state !== 'unknown' && state !== stored.state) counts.changed += 1;
  return {
    id: stored.id,
    state,
    findings: findings.map(representFinding),
    was: { state: stored.state, policy: stored.policy },
    ...(lacking.length > 0 && { lacking }),
  };
}
