import { CHECKS, RULE_NAMES } from '../../domain/checks/index.ts';
import type { PolicyRules } from '../../domain/policy.ts';

/** The rules in reporting order, each with the check's own settings first, because Postgres stores them in an order of its own. */
export function orderRules(rules: PolicyRules): PolicyRules {
  const ordered = RULE_NAMES.flatMap((rule) => {
    const given: Readonly<Record<string, unknown>> | undefined = rules[rule];
    if (given === undefined) return [];
    const settings = Object.keys(CHECKS[rule].settings).filter((setting) => setting in given);
    const inOrder = Object.fromEntries(settings.map((setting) => [setting, given[setting]]));
    return [[rule, { ...inOrder, ...given }]];
  });
  return Object.fromEntries(ordered) as PolicyRules;
}
