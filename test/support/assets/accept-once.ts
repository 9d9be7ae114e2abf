import type { AssetStore, ChosenPolicy, Submission } from '../../../src/domain/ports/assets.ts';

/** Accepts a submission with an `Idempotency-Key`, as a JSON request does. Null if the key came with another one before. */
export async function acceptOnce(
  assets: AssetStore,
  tenant: string,
  submission: Submission,
  key: string,
  policy?: ChosenPolicy,
): Promise<string | null> {
  const accepted = await assets.acceptOnce(tenant, submission, { key, request: submission }, policy);
  return accepted?.id ?? null;
}
