import { Migration } from '@mikro-orm/migrations';
import { FINGERPRINTS_LOCK } from './0007-fingerprints.ts';

/** `name@version` of the policy that judges the asset. `default@1` is the policy of rows without one. */
const POLICY = `coalesce(policy_name || '@' || policy_version::text, 'default@1')`;

/** The code of the first finding that fails the asset. */
const CODE = 'failure_code(findings)';

/** A longer text would not fit into an entry of an index: 256 characters are at most 1,024 of its 2,704 bytes. */
const PATH_START = 'left(path, 256) COLLATE "C"';

/** For each filter of the list: its column, then the order of pages. */
const INDEXES = {
  assets_by_state: '(owner, state, id)',
  assets_by_code: `(owner, ${CODE}, id) WHERE ${CODE} IS NOT NULL`,
  assets_by_policy: `(owner, (${POLICY}), id)`,
  assets_by_path: `(owner, (${PATH_START}), id)`,
  assets_by_external_id: '(owner, external_id, id) WHERE external_id IS NOT NULL',
};

/** Tables whose rows go with the row that a column names. */
const BELONGINGS = [
  { table: 'deliveries', column: 'asset_id', of: 'assets' },
  { table: 'delivery_tries', column: 'delivery_id', of: 'deliveries' },
  { table: 'fingerprints', column: 'asset_id', of: 'assets' },
];

/**
 * The indexes are built while clients write, so this runs outside a transaction. If it was interrupted, it runs again from its
 * beginning. So each statement may be repeated.
 */
export class Lists extends Migration {
  override name = '0013-lists';

  override isTransactional(): boolean {
    return false;
  }

  override up(): void {
    // The client's own name and labels. Workers do not read them.
    this.addSql(
      'ALTER TABLE assets ADD COLUMN IF NOT EXISTS external_id text, ADD COLUMN IF NOT EXISTS labels jsonb',
    );

    // The findings stay JSON text: they may hold escapes that jsonb refuses.
    this.addSql(`
      CREATE OR REPLACE FUNCTION failure_code(findings json) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT finding ->> 'code' FROM json_array_elements(findings) WITH ORDINALITY AS listed (finding, place)
        WHERE coalesce(finding ->> 'severity', 'error') = 'error' ORDER BY place LIMIT 1 $$`);
    for (const [name, entries] of Object.entries(INDEXES)) {
      // An interrupted build leaves an index that is not valid.
      this.addSql(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
      this.addSql(`CREATE INDEX CONCURRENTLY ${name} ON assets ${entries}`);
    }
    // assets_by_state serves its readers.
    this.addSql('DROP INDEX CONCURRENTLY IF EXISTS assets_failed');

    // Under row-level security, Postgres looks nothing up in the index of an expression, because the expression's functions may
    // leak values of other tenants. The view belongs to the owner of the tables, so it has a condition of its own instead.
    this.addSql(`
      CREATE OR REPLACE VIEW listed_assets AS
      SELECT id, owner, state, errors, location, path, ${PATH_START} AS path_start, ${POLICY} AS policy, ${CODE} AS code,
        external_id, labels, created_at, finished_at
      FROM assets WHERE owner = current_setting('validatr.tenant', true)`);
    this.addSql('GRANT SELECT ON listed_assets TO validatr_tenant');

    // Deliveries, tries and fingerprints are deleted with their asset. The new constraint is checked without a lock on the writers.
    for (const { table, column, of } of BELONGINGS) {
      const constraint = `${table}_goes_with_${column}`;
      this.addSql(`ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${constraint}`);
      this.addSql(`
        ALTER TABLE ${table} ADD CONSTRAINT ${constraint} FOREIGN KEY (${column}) REFERENCES ${of} (id) ON DELETE CASCADE NOT VALID,
          DROP CONSTRAINT IF EXISTS ${table}_${column}_fkey`);
      this.addSql(`ALTER TABLE ${table} VALIDATE CONSTRAINT ${constraint}`);
    }
    // As in migration 0009: another asset with the same look takes the place of the first.
    this.addSql(`
      CREATE OR REPLACE FUNCTION forget_fingerprint() RETURNS trigger
      LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET enable_seqscan = off AS $$
      DECLARE old_entry fingerprints;
      BEGIN
        IF NOT EXISTS (SELECT FROM fingerprints WHERE asset_id = OLD.id) THEN RETURN OLD; END IF;
        PERFORM pg_advisory_xact_lock(${FINGERPRINTS_LOCK}, hashtext(OLD.owner));
        DELETE FROM fingerprints WHERE asset_id = OLD.id RETURNING * INTO old_entry;
        IF old_entry.first_of_look THEN
          UPDATE fingerprints SET first_of_look = true WHERE asset_id = (
            SELECT asset_id FROM fingerprints WHERE owner = OLD.owner
              AND perceptual_hash = old_entry.perceptual_hash AND NOT first_of_look
            ORDER BY seq LIMIT 1);
        END IF;
        RETURN OLD;
      END $$`);
    this.addSql('REVOKE EXECUTE ON FUNCTION forget_fingerprint FROM public');
    this.addSql(`
      CREATE OR REPLACE TRIGGER forget_fingerprint BEFORE DELETE ON assets
      FOR EACH ROW EXECUTE FUNCTION forget_fingerprint()`);
    this.addSql('GRANT DELETE ON assets TO validatr_tenant');
  }

  override down(): void {
    this.addSql('REVOKE DELETE ON assets FROM validatr_tenant');
    this.addSql('DROP TRIGGER forget_fingerprint ON assets');
    this.addSql('DROP FUNCTION forget_fingerprint');
    for (const { table, column, of } of BELONGINGS)
      this.addSql(`
        ALTER TABLE ${table} DROP CONSTRAINT ${table}_goes_with_${column},
          ADD CONSTRAINT ${table}_${column}_fkey FOREIGN KEY (${column}) REFERENCES ${of} (id)`);
    this.addSql('DROP VIEW listed_assets');
    this.addSql(
      `CREATE INDEX assets_failed ON assets (owner, state, id) WHERE state IN ('failed', 'canceled')`,
    );
    this.addSql(`DROP INDEX ${Object.keys(INDEXES).join(', ')}`);
    this.addSql('DROP FUNCTION failure_code');
    this.addSql('ALTER TABLE assets DROP external_id, DROP labels');
  }
}
