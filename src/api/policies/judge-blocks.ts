import type { ReportedFinding } from '../../domain/findings.ts';
import { type Policy, parsePolicyReference } from '../../domain/policy.ts';
import { rejudge, type Rejudgement, type StoredVerdict } from '../../domain/rejudge.ts';

/** A stored verdict, and the one that another policy would give. */
export interface Judged {
  readonly stored: StoredVerdict;
  readonly verdict: Rejudgement;
  /** From complete to failed, or from failed to complete. */
  readonly isChanged: boolean;
}

/** Which of the judged assets are wanted. */
interface Filter {
  /** The policy that the asset was validated under: `name@version`, or `name` for all versions. */
  readonly policy?: string | undefined;
  /** A finding under the other policy. */
  readonly code?: ReportedFinding['code'] | undefined;
  readonly changed?: boolean | undefined;
}

/** Verdicts by state. */
type Counts = Record<Rejudgement['state'] | 'changed', number>;
export const NO_COUNTS: Readonly<Counts> = { complete: 0, failed: 0, unknown: 0, changed: 0 };

interface Judging {
  readonly policy: Policy;
  readonly filter: Filter;
  /** How many are given. */
  readonly limit: number;
  /** Counts those that are given. */
  readonly counts: Counts;
  /** Counts all that match. Null: the rest is not judged. */
  readonly total: Counts | null;
  /** Nobody waits for the answer any more. */
  readonly isGone: () => boolean;
}

/** Judges block after block, and gives the first that match the filter. The rest is only counted. */
export async function* judgeBlocks(
  blocks: AsyncIterable<readonly StoredVerdict[]>,
  { policy, filter, limit, counts, total, isGone }: Judging,
): AsyncGenerator<readonly Judged[]> {
  const isOfPolicy = policyFilter(filter.policy);
  let left = limit;
  for await (const block of blocks) {
    if (isGone()) return;
    const matching = block
      .filter((stored) => isOfPolicy(stored.policy))
      .map((stored) => judgeOne(policy, stored))
      .filter((judged) => matches(judged, filter));
    const given = matching.slice(0, left);
    for (const judged of given) addTo(counts, judged);
    if (total !== null) for (const judged of matching) addTo(total, judged);
    left -= given.length;
    if (given.length > 0) yield given;
    if (left === 0 && total === null) return;
  }
}

function judgeOne(policy: Policy, stored: StoredVerdict): Judged {
  const verdict = rejudge(stored, policy.rules);
  const isChanged = verdict.state !== 'unknown' && verdict.state !== stored.state;
  return { stored, verdict, isChanged };
}

function matches({ verdict, isChanged }: Judged, { code, changed }: Filter): boolean {
  if (changed !== undefined && isChanged !== changed) return false;
  return code === undefined || verdict.findings.some((finding) => finding.code === code);
}

function policyFilter(reference: string | undefined): (policy: string) => boolean {
  const wanted = reference === undefined ? null : parsePolicyReference(reference);
  if (wanted === null) return () => true;
  return wanted.version === null
    ? (policy) => policy.startsWith(`${wanted.name}@`)
    : (policy) => policy === reference;
}

function addTo(counts: Counts, { verdict, isChanged }: Judged): void {
  counts[verdict.state] += 1;
  if (isChanged) counts.changed += 1;
}
