import type { MikroORM } from '@mikro-orm/postgresql';
import type { AssetPath, NotificationKey } from '../../domain/asset.ts';
import type { Policy } from '../../domain/policy.ts';
import type { DispatchQueue } from '../../domain/ports/dispatch.ts';
import { execute } from '../execute.ts';
import { groupByTick } from '../group-by-tick.ts';
import { HOLDER, IS_HELD_BY_OWN_WORKFLOW } from './holder.ts';

/**
 * Longer than a workflow start may take (two calls of 5 s), so that a lease lost means its holder is gone: killed, or
 * stopped. Its rows wait for this long then. A holder that comes back does no harm: of two starts of one attempt the
 * second finds the workflow, or its run finds the attempt claimed.
 */
const LEASE_S = 12;

/** An API starts workflows itself once no worker has signed in for this long (workers do every second). */
const WORKER_GONE_AFTER_S = 5;

/**
 * Workflows that wait for a worker to come: enough to keep the first one busy until its own dispatcher paces it. More would
 * reach it as one flood of first tasks, and each holds memory in Temporal until then.
 */
const MAX_AHEAD = 200;

/** Overdue deliveries looked at in one round. */
const MAX_OVERDUE = 50;

const UNATTENDED = `state = 'pending' AND handed_over_at IS NULL`;

/** `orm` is a pool of its own: leases must not queue behind the work of requests or activities. */
export function createDispatchQueue(orm: MikroORM): DispatchQueue {
  const mark = groupByTick(
    async (assets: readonly { id: string; attempt: number; heldBy: string }[]) => {
      await execute(
        orm,
        `UPDATE assets SET dispatched_at = now(), held_by = started."heldBy", lease_until = NULL
         FROM jsonb_to_recordset(?::jsonb) AS started(id uuid, attempt integer, "heldBy" text)
         WHERE assets.id = started.id AND assets.attempt = started.attempt AND dispatched_at IS NULL`,
        [JSON.stringify(assets)],
      );
      return assets.map(() => undefined);
    },
    { maxGroup: 100, maxConcurrent: 1 },
  );

  return {
    async lease(count) {
      const rows = await execute<{
        id: string;
        attempt: number;
        location: AssetPath['location'];
        path: string;
        webhookKeys: NotificationKey[];
        policy: Policy | null;
        sha256: string | null;
      }>(
        orm,
        `UPDATE assets SET lease_until = now() + make_interval(secs => ${LEASE_S})
         WHERE id IN (
           SELECT id FROM assets
           WHERE state = 'queued' AND dispatched_at IS NULL AND (lease_until IS NULL OR lease_until < now())
           ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED
         )
         RETURNING id, attempt, location, path, sha256,
           ARRAY(SELECT jsonb_object_keys(webhooks)) AS "webhookKeys",
           CASE WHEN policy_name IS NOT NULL THEN (
             SELECT jsonb_build_object('name', name, 'version', version, 'rules', rules) FROM policies
             WHERE policies.owner = assets.owner AND name = policy_name AND version = policy_version
           ) END AS policy`,
        [count],
      );
      return rows.map(({ location, path, ...row }) => ({ ...row, assetPath: { location, path } }));
    },

    async markDispatched(asset) {
      await mark(asset);
    },

    async release({ id, attempt }, afterMs) {
      await execute(
        orm,
        'UPDATE assets SET lease_until = now() + make_interval(secs => ?) WHERE id = ? AND attempt = ?',
        [afterMs / 1000, id, attempt],
      );
    },

    cancelsToSignal() {
      return execute(
        orm,
        `SELECT id, attempt, ${HOLDER} AS "heldBy", cancel_reason AS reason FROM assets
         WHERE cancel_requested_at IS NOT NULL AND cancel_signaled_at IS NULL AND state IN ('queued', 'in_progress')
           AND dispatched_at IS NOT NULL AND ${IS_HELD_BY_OWN_WORKFLOW}
         ORDER BY cancel_requested_at LIMIT 50`,
        [],
      );
    },

    async markCancelSignaled({ id, attempt }) {
      await execute(orm, 'UPDATE assets SET cancel_signaled_at = now() WHERE id = ? AND attempt = ?', [
        id,
        attempt,
      ]);
    },

    overdueDeliveries(except = new Set()) {
      // From tenant to tenant by the index `deliveries_unattended`, and of each no more than are taken: what it costs does
      // not grow with the deliveries that wait. Measured: 1 ms with 300,000 of one tenant, 6 ms with 200 tenants beside it.
      return execute(
        orm,
        `WITH RECURSIVE tenants AS (
           SELECT min(owner) AS owner FROM deliveries WHERE ${UNATTENDED}
           UNION ALL
           SELECT (SELECT min(d.owner) FROM deliveries d WHERE ${UNATTENDED} AND d.owner > tenants.owner)
           FROM tenants WHERE tenants.owner IS NOT NULL
         )
         SELECT id, tenants.owner AS tenant, url, endpoint_id AS "endpointId"
         FROM tenants CROSS JOIN LATERAL (
           SELECT id, url, endpoint_id, due_at, row_number() OVER (ORDER BY due_at) AS place FROM deliveries d
           WHERE d.owner = tenants.owner AND ${UNATTENDED} AND due_at < now() ORDER BY due_at LIMIT ${MAX_OVERDUE}
         ) AS overdue
         WHERE tenants.owner NOT IN (SELECT jsonb_array_elements_text(?::jsonb))
         ORDER BY place, due_at LIMIT ${MAX_OVERDUE}`,
        [JSON.stringify([...except])],
      );
    },

    async parkOverdue({ tenant, endpointId }, afterMs) {
      await execute(
        orm,
        `UPDATE deliveries SET due_at = now() + make_interval(secs => ?)
         WHERE owner = ? AND endpoint_id = ? AND ${UNATTENDED} AND due_at < now()`,
        [afterMs / 1000, tenant, endpointId],
      );
    },

    async markHandedOver(deliveryId) {
      const [row] = await execute<{ mark: string }>(
        orm,
        `UPDATE deliveries SET handed_over_at = now() WHERE id = ? AND ${UNATTENDED} AND due_at < now()
         RETURNING handed_over_at::text AS mark`,
        [deliveryId],
      );
      return row?.mark ?? null;
    },

    async unmarkHandedOver(deliveryId, mark) {
      await execute(
        orm,
        'UPDATE deliveries SET handed_over_at = NULL WHERE id = ? AND handed_over_at = ?::timestamptz',
        [deliveryId, mark],
      );
    },

    async renewWorker(workerId) {
      await execute(
        orm,
        `WITH gone AS (DELETE FROM workers WHERE seen_at < now() - interval '1 hour' AND id <> ?)
         INSERT INTO workers (id, seen_at) VALUES (?, now()) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`,
        [workerId, workerId],
      );
    },

    async removeWorker(workerId) {
      await execute(orm, 'DELETE FROM workers WHERE id = ?', [workerId]);
    },

    async hasLiveWorker() {
      const [row] = await execute<{ alive: boolean }>(
        orm,
        `SELECT EXISTS (
           SELECT FROM workers WHERE seen_at > now() - make_interval(secs => ${WORKER_GONE_AFTER_S})
         ) AS alive`,
        [],
      );
      return row?.alive ?? false;
    },

    async mayStartWithoutWorker() {
      if (await this.hasLiveWorker()) return false;
      const [row] = await execute<{ ahead: string }>(
        orm,
        `SELECT count(*) AS ahead FROM (
           SELECT FROM assets WHERE state = 'queued' AND dispatched_at IS NOT NULL LIMIT ${MAX_AHEAD}
         ) AS waiting`,
        [],
      );
      return Number(row?.ahead) < MAX_AHEAD;
    },
  };
}
