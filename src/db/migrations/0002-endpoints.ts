import { Migration } from '@mikro-orm/migrations';

export class Endpoints extends Migration {
  override name = '0002-endpoints';

  override up(): void {
    // An endpoint is (owner, URL without query and fragment). Its id is computed from the two, so a delivery names its endpoint
    // before the endpoint has a row. The id is a UUID of version 8 (RFC 9562, 5.8).
    this.addSql(`
      CREATE FUNCTION endpoint_url(url text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
      $$ SELECT split_part(split_part(url, '#', 1), '?', 1) $$`);
    this.addSql(`
      CREATE FUNCTION endpoint_id(owner text, url text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
      $$ SELECT overlay(overlay(md5(owner || E'\\n' || endpoint_url(url)) placing '8' from 13) placing '8' from 17)::uuid $$`);
    this.addSql(`
      CREATE TABLE endpoints (
        id uuid PRIMARY KEY,
        owner text NOT NULL,
        url text NOT NULL,
        secret bytea NOT NULL,
        previous_secret bytea,
        previous_secret_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        delivered_at timestamptz,
        failing_since timestamptz,
        disabled_at timestamptz,
        disabled_because text CHECK (disabled_because IN ('gone', 'failing')),
        CHECK ((disabled_at IS NULL) = (disabled_because IS NULL))
      )`);
    this.addSql(`
      ALTER TABLE deliveries
        ALTER asset_id DROP NOT NULL,
        DROP CONSTRAINT deliveries_event_check,
        ADD CHECK (event IN ('onStart', 'onSuccess', 'onFailure', 'onCancel', 'test')),
        ADD CHECK ((event = 'test') = (asset_id IS NULL)),
        ADD owner text NOT NULL DEFAULT 'default',
        ADD endpoint_id uuid NOT NULL GENERATED ALWAYS AS (endpoint_id(owner, url)) STORED,
        ADD replays integer NOT NULL DEFAULT 0,
        ADD tries_before_replay integer NOT NULL DEFAULT 0,
        ADD failure text,
        ADD waits_for_start boolean NOT NULL DEFAULT false,
        ADD checked_at timestamptz`);
    this.addSql('CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, id)');
    // Failed deliveries stay listable for ever, so they must be found without a scan.
    this.addSql(`CREATE INDEX deliveries_failed ON deliveries (id) WHERE state = 'failed'`);
    this.addSql('DROP INDEX deliveries_pending');
    this.addSql(`
      CREATE INDEX deliveries_unattended ON deliveries (due_at) WHERE state = 'pending' AND handed_over_at IS NULL`);
    this.addSql(`
      CREATE INDEX deliveries_to_check ON deliveries (checked_at NULLS FIRST, id)
      WHERE state = 'pending' AND handed_over_at IS NOT NULL`);
    this.addSql('ALTER TABLE delivery_tries ADD excerpt text');
  }

  override down(): void {
    this.addSql(
      `DELETE FROM delivery_tries WHERE delivery_id IN (SELECT id FROM deliveries WHERE event = 'test')`,
    );
    this.addSql(`DELETE FROM deliveries WHERE event = 'test'`);
    this.addSql('ALTER TABLE delivery_tries DROP excerpt');
    this.addSql(`
      ALTER TABLE deliveries DROP endpoint_id, DROP owner, DROP replays, DROP tries_before_replay, DROP failure, DROP waits_for_start, DROP checked_at,
        ALTER asset_id SET NOT NULL`);
    this.addSql(`
      DROP INDEX deliveries_unattended;
      CREATE INDEX deliveries_pending ON deliveries (due_at) WHERE state = 'pending'`);
    this.addSql('DROP TABLE endpoints');
    this.addSql('DROP FUNCTION endpoint_id, endpoint_url');
  }
}
