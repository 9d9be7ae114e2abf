import { createHash } from 'node:crypto';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { Submission } from '../domain/ports.ts';
import { execute } from './execute.ts';
import { executeFor } from './tenant.ts';

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
}

/**
 * Stores the asset and the key in one statement, so that of any number of requests with one key exactly one is accepted:
 * the others wait for its commit at the key's index and then find it. Gives the id of the asset that was accepted with
 * the key; null if that came with another request.
 */
export async function acceptOnce(
  orm: MikroORM,
  submission: Submission,
  { id, owner, location, path, webhooks }: NewAsset,
  key: string,
): Promise<string | null> {
  const hash = createHash('sha256').update(JSON.stringify(submission)).digest();
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
     INSERT INTO assets (id, owner, location, path, webhooks) SELECT asset_id, ?, ?, ?, ?::jsonb FROM kept RETURNING id`,
    [owner, ROUTE, key, hash, id, owner, location, path, JSON.stringify(webhooks)],
  );
  if (accepted !== undefined) return accepted.id;
  const [earlier] = await executeFor<{ id: string; isSame: boolean }>(
    orm,
    owner,
    `SELECT asset_id AS id, request_hash = ? AS "isSame" FROM idempotency_keys
     WHERE owner = ? AND route = ? AND key = ?`,
    [hash, owner, ROUTE, key],
  );
  return earlier?.isSame === true ? earlier.id : null;
}

/** Forgets the keys that are older than that. */
export async function forgetOldKeys(orm: MikroORM): Promise<void> {
  await execute(orm, `DELETE FROM idempotency_keys WHERE created_at < now() - ${KEPT_FOR}`, []);
}
