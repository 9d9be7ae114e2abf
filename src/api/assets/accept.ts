import { AppError } from '../../domain/errors.ts';
import type { AssetStore, Repeatable, Submission } from '../../domain/ports/assets.ts';
import { invalidRequest } from '../http/parse.ts';
import type { ResolvePolicy } from '../policies/resolve-policy.ts';
import type { Preflight } from './preflight.ts';
import { policyFault } from './refuse-work.ts';

export interface AcceptDeps {
  readonly assets: AssetStore;
  readonly resolvePolicy: ResolvePolicy;
  readonly preflight: Preflight;
}

export interface Accepting {
  readonly tenant: string;
  readonly submission: Submission;
  /** Null: the request has no `Idempotency-Key`. */
  readonly repeatable: Repeatable | null;
  /** Faults that can be known at once are refused at once. */
  readonly isStrict: boolean;
}

/** Commits a submission, unless it is a repeat. @throws {AppError} `invalid_request`, `idempotency_key_reused` */
export async function acceptSubmission(
  deps: AcceptDeps,
  { tenant, submission, repeatable, isStrict }: Accepting,
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const { assets, preflight, resolvePolicy } = deps;
  const policy = await resolvePolicy(tenant, submission.policy);
  if (policy instanceof AppError)
    throw invalidRequest([policyFault(policy), ...(isStrict ? await preflight(tenant, submission) : [])]);
  if (isStrict) await refuseFaults(deps, tenant, submission, repeatable);
  if (repeatable === null) return { id: await assets.accept(tenant, submission, policy), isNew: true };
  const accepted = await assets.acceptOnce(tenant, submission, repeatable, policy);
  if (accepted === null) throw new AppError('idempotency_key_reused');
  return accepted;
}

/**
 * Refuses a submission with faults, unless its idempotency key was accepted before. Such a submission gets the first answer
 * again, even if the file has changed since.
 * @throws {AppError} `invalid_request`, naming every fault that is known at once
 */
async function refuseFaults(
  { assets, preflight }: AcceptDeps,
  tenant: string,
  submission: Submission,
  repeatable: Repeatable | null,
): Promise<void> {
  const faults = await preflight(tenant, submission);
  if (faults.length === 0) return;
  if (repeatable !== null && (await assets.findAccepted(tenant, repeatable)) !== null) return;
  throw invalidRequest(faults);
}
