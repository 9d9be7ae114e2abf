import { createHash } from 'node:crypto';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { Submission } from '../../domain/ports/assets.ts';
import { execute } from '../execute.ts';
import { executeFor } from '../tenant.ts';

/** Keys are kept this long (contract). */
const KEPT_FOR = `interval '24 hours'`;

const ROUTE = 'POST /assets/image/';

/** The columns of a new row of `assets`. */
interface NewAsset {
  readonly id: string;
  readonly owner: string;
  readonly location: string;
  readonly path: string;
  readonly webhooks: object;
  readonly policyName: string | null;
  readonly policyVersion: number | null;
  readonly sha256: string | null;
}

/**
 * Stores the asset and the key in one statement, so that of any number of requests with one key exactly one is accepted:
 * the others wait for its commit at the key's index and then find it. Gives the id of the asset that was accepted with
 * the key; null if that came with another request.
 */
export async function acceptOnce(
  orm: MikroORM,
  submission: Submission,
  { id, owner, location, path, webhooks, policyName, policyVersion, sha256 }: NewAsset,
  key: string,
): Promise<string | null> {
  const [accepted] = await executeFor<{ id: string }>(
    orm,
    owner,
    `WITH kept AS (
       INSERT INTO idempotency_keys AS k (owner, route, key, request_hash, asset_id) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (owner, route, key) DO UPDATE
         SET request_hash = excluded.request_hash, asset_id = excluded.asset_id, created_at = now()
         WHERE k.created_at < now() - ${KEPT_FOR}
       RETURNING asset_id
     )
     INSERT INTO assets (id, owner, location, path, webhooks, policy_name, policy_version, sha256)
     SELECT asset_id, ?, ?, ?, ?::jsonb, ?, ?::integer, ? FROM kept RETURNING id`,
    [
      owner,
      ROUTE,
      key,
      hashOf(submission),
      id,
      owner,
      location,
      path,
      JSON.stringify(webhooks),
      policyName,
      policyVersion,
      sha256,
    ],
  );
  return accepted?.id ?? findAccepted(orm, owner, submission, key);
}

/** The id of what this submission came to when it was accepted with the key; null if it never was. */
export async function findAccepted(
  orm: MikroORM,
  owner: string,
  submission: Submission,
  key: string,
): Promise<string | null> {
  const [earlier] = await executeFor<{ id: string }>(
    orm,
    owner,
    `SELECT asset_id AS id FROM idempotency_keys
     WHERE owner = ? AND route = ? AND key = ? AND request_hash = ? AND created_at >= now() - ${KEPT_FOR}`,
    [owner, ROUTE, key, hashOf(submission)],
  );
  return earlier?.id ?? null;
}

function hashOf(submission: Submission): Buffer {
  return createHash('sha256').update(JSON.stringify(submission)).digest();
}

/** Forgets the keys that are older than that. */
export async function forgetOldKeys(orm: MikroORM): Promise<void> {
  await execute(orm, `DELETE FROM idempotency_keys WHERE created_at < now() - ${KEPT_FOR}`, []);
}
