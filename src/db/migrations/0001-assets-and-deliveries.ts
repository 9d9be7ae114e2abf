import { Migration } from '@mikro-orm/migrations';

export class AssetsAndDeliveries extends Migration {
  override name = '0001-assets-and-deliveries';

  override up(): void {
    // A low fillfactor, because every row is updated three to four times within seconds of its insert.
    this.addSql(`
      CREATE TABLE assets (
        id uuid PRIMARY KEY,
        state text NOT NULL DEFAULT 'queued'
          CHECK (state IN ('queued', 'in_progress', 'complete', 'failed', 'canceled')),
        attempt integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
        location text NOT NULL,
        path text NOT NULL,
        webhooks jsonb NOT NULL DEFAULT '{}',
        run_id text,
        claims integer NOT NULL DEFAULT 0,
        dispatched_at timestamptz,
        lease_until timestamptz,
        checked_at timestamptz,
        cancel_requested_at timestamptz,
        cancel_reason text,
        cancel_signaled_at timestamptz,
        errors json,
        findings json,
        steps json,
        image json,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz,
        CONSTRAINT no_half_state CHECK (
          (state IN ('complete', 'failed', 'canceled')) = (finished_at IS NOT NULL)
          AND (state = 'failed') = (errors IS NOT NULL)
          AND (state <> 'in_progress' OR run_id IS NOT NULL)
        )
      ) WITH (fillfactor = 70)`);
    this.addSql(
      `CREATE INDEX assets_to_dispatch ON assets (id) WHERE state = 'queued' AND dispatched_at IS NULL`,
    );
    this.addSql(`
      CREATE INDEX assets_to_check ON assets (checked_at NULLS FIRST, id)
      WHERE state IN ('queued', 'in_progress') AND dispatched_at IS NOT NULL`);
    this.addSql(`
      CREATE INDEX assets_to_cancel ON assets (cancel_requested_at)
      WHERE cancel_requested_at IS NOT NULL AND cancel_signaled_at IS NULL AND state IN ('queued', 'in_progress')`);

    this.addSql(`
      CREATE TABLE deliveries (
        id uuid PRIMARY KEY,
        asset_id uuid NOT NULL REFERENCES assets (id),
        attempt integer NOT NULL,
        event text NOT NULL CHECK (event IN ('onStart', 'onSuccess', 'onFailure', 'onCancel')),
        url text NOT NULL,
        body text NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'skipped')),
        created_at timestamptz NOT NULL DEFAULT now(),
        due_at timestamptz NOT NULL,
        handed_over_at timestamptz,
        finished_at timestamptz,
        UNIQUE (asset_id, attempt, event)
      ) WITH (fillfactor = 70)`);
    this.addSql(`CREATE INDEX deliveries_pending ON deliveries (due_at) WHERE state = 'pending'`);
    this.addSql(`
      CREATE TABLE delivery_tries (
        delivery_id uuid NOT NULL REFERENCES deliveries (id),
        number integer NOT NULL,
        at timestamptz NOT NULL,
        status integer,
        duration_ms integer NOT NULL,
        error text,
        PRIMARY KEY (delivery_id, number)
      )`);

    this.addSql(`CREATE TABLE workers (id text PRIMARY KEY, seen_at timestamptz NOT NULL)`);
    this.addSql(
      `CREATE TABLE reconcile_mark (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), closed_until timestamptz NOT NULL)`,
    );
  }

  override down(): void {
    this.addSql('DROP TABLE reconcile_mark, workers, delivery_tries, deliveries, assets');
  }
}
