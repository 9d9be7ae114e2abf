import { Migration } from '@mikro-orm/migrations';

/** By table: the rows that the reconciler checks. */
const TO_CHECK = {
  assets: `state IN ('queued', 'in_progress') AND dispatched_at IS NOT NULL`,
  deliveries: `state = 'pending' AND handed_over_at IS NOT NULL`,
};

/**
 * Tenants take turns at the reconciler, so the indexes begin with the tenant. They are built while clients write, outside a
 * transaction. Each statement may be repeated. Until it is replaced, a worker of the version before reads all entries of the
 * new indexes in each round.
 */
export class ChecksInTurns extends Migration {
  override name = '0020-checks-in-turns';

  override isTransactional(): boolean {
    return false;
  }

  override up(): void {
    for (const [table, condition] of Object.entries(TO_CHECK)) {
      // An interrupted build leaves an index that is not valid.
      this.addSql(`DROP INDEX CONCURRENTLY IF EXISTS ${table}_to_check_in_turns`);
      this.addSql(`
        CREATE INDEX CONCURRENTLY ${table}_to_check_in_turns ON ${table} (owner, checked_at NULLS FIRST, id) WHERE ${condition}`);
      this.addSql(`DROP INDEX CONCURRENTLY IF EXISTS ${table}_to_check`);
    }
  }

  override down(): void {
    for (const [table, condition] of Object.entries(TO_CHECK)) {
      this.addSql(
        `CREATE INDEX ${table}_to_check ON ${table} (checked_at NULLS FIRST, id) WHERE ${condition}`,
      );
      this.addSql(`DROP INDEX ${table}_to_check_in_turns`);
    }
  }
}
