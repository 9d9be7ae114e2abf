import { sql } from 'kysely';

/** The workflow that validates an asset on its own: `assetWorkflowId` of workflows/contract.ts, as SQL. */
const OWN_WORKFLOW = sql<string>`'asset-' || id::text`;

/**
 * The id of the workflow that answers for a dispatched row of `assets`. One workflow may hold many rows. `held_by` is null
 * in rows that were dispatched before the column existed.
 */
export const HOLDER = sql<string>`coalesce(held_by, ${OWN_WORKFLOW})`;

/** Also true for its stand-in (`standInWorkflowId`). */
export const IS_HELD_BY_OWN_WORKFLOW = sql<boolean>`${HOLDER} IN (${OWN_WORKFLOW}, ${OWN_WORKFLOW} || '-2')`;
