import { createHash } from 'node:crypto';
import type { MikroORM } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { Repeatable } from '../../domain/ports/assets.ts';
import { query, queryAsTenant } from '../query.ts';

/** How long keys are kept (contract). */
const KEPT_FOR = sql`interval '24 hours'`;

const ROUTE = 'POST /assets/image/';

/** The columns of a new row of `assets`. */
interface NewAsset {
  readonly id: string;
  readonly tenant: string;
  readonly location: string;
  readonly path: string;
  /** JSON. */
  readonly locator: string | null;
  readonly externalId: string | null;
  /** JSON. */
  readonly labels: string | null;
  /** JSON. */
  readonly webhooks: string;
  readonly policyName: string | null;
  readonly policyVersion: number | null;
  readonly sha256: string | null;
  readonly needs: number;
}

/**
 * Stores the asset and the key in one statement, so exactly one of several requests with one key is accepted. The others wait
 * for its commit at the key's index and then find it. Returns the asset that was accepted with the key, or null if the key came
 * with another request.
 */
export async function acceptOnce(
  orm: MikroORM,
  repeatable: Repeatable,
  {
    id,
    tenant,
    location,
    path,
    locator,
    externalId,
    labels,
    webhooks,
    policyName,
    policyVersion,
    sha256,
    needs,
  }: NewAsset,
): Promise<{ id: string; isNew: boolean } | null> {
  const { rows } = await queryAsTenant(orm, tenant, (db) =>
    sql<{ id: string }>`
      WITH kept AS (
        INSERT INTO idempotency_keys AS k (owner, route, key, request_hash, asset_id)
        VALUES (${tenant}, ${ROUTE}, ${repeatable.key}, ${hashOf(repeatable)}, ${id})
        ON CONFLICT (owner, route, key) DO UPDATE
          SET request_hash = excluded.request_hash, asset_id = excluded.asset_id, created_at = now()
          WHERE k.created_at < now() - ${KEPT_FOR}
        RETURNING asset_id, owner
      )
      INSERT INTO assets (id, owner, location, path, locator, external_id, labels, webhooks, policy_name, policy_version, sha256, needs)
      SELECT asset_id, owner, ${location}, ${path}, ${locator}::jsonb, ${externalId}, ${labels}::jsonb, ${webhooks}::jsonb,
        ${policyName}, ${policyVersion}::integer, ${sha256}, ${needs}::smallint
      FROM kept RETURNING id`.execute(db),
  );
  if (rows[0] !== undefined) return { id: rows[0].id, isNew: true };
  const earlier = await findAccepted(orm, tenant, repeatable);
  return earlier === null ? null : { id: earlier, isNew: false };
}

/** The id of the asset that this request made with the key. Null if it was never accepted with it. */
export async function findAccepted(
  orm: MikroORM,
  tenant: string,
  repeatable: Repeatable,
): Promise<string | null> {
  const earlier = await queryAsTenant(orm, tenant, (db) =>
    db
      .selectFrom('idempotency_keys')
      .select('asset_id')
      .where('owner', '=', tenant)
      .where('route', '=', ROUTE)
      .where('key', '=', repeatable.key)
      .where('request_hash', '=', hashOf(repeatable))
      .where('created_at', '>=', sql<Date>`now() - ${KEPT_FOR}`)
      .executeTakeFirst(),
  );
  return earlier?.asset_id ?? null;
}

function hashOf({ request }: Repeatable): Buffer {
  return createHash('sha256').update(JSON.stringify(request)).digest();
}

/** Deletes keys that are older than `KEPT_FOR`. */
export async function forgetOldKeys(orm: MikroORM): Promise<void> {
  await query(orm, (db) =>
    db.deleteFrom('idempotency_keys').where('created_at', '<', sql<Date>`now() - ${KEPT_FOR}`).execute(),
  );
}
