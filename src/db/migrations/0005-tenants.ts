import { Migration } from '@mikro-orm/migrations';

/** Tables whose rows belong to a tenant by their column `owner`, and the privileges of requests. */
const OWNED: Readonly<Record<string, string>> = {
  assets: 'SELECT, INSERT, UPDATE',
  deliveries: 'SELECT, INSERT, UPDATE',
  endpoints: 'SELECT, UPDATE',
  idempotency_keys: 'SELECT, INSERT, UPDATE',
  api_keys: 'SELECT, INSERT, UPDATE',
};

export class Tenants extends Migration {
  override name = '0005-tenants';

  override up(): void {
    // Requests run as this role. It sees the rows of the tenant in `validatr.tenant`, and none while that is not set.
    // Roles belong to the whole server, so an administrator or another database may have made it already.
    this.addSql(`
      DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'validatr_tenant') THEN
          CREATE ROLE validatr_tenant NOLOGIN;
        END IF;
        -- Since 16, the user that makes a role may administer it, but not act as it.
        IF NOT pg_has_role(session_user, 'validatr_tenant',
          CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
          EXECUTE format('GRANT validatr_tenant TO %I', session_user);
        END IF;
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format(
            'the user %1$s may not make the role that requests run as. As an administrator of this Postgres run: CREATE ROLE validatr_tenant NOLOGIN; GRANT validatr_tenant TO %1$I;',
            session_user);
      END $$`);

    this.addSql(`ALTER TABLE assets ADD owner text NOT NULL DEFAULT 'default' CHECK (owner <> '')`);
    this.addSql('CREATE INDEX assets_by_owner ON assets (owner, id)');
    this.addSql('DROP INDEX assets_failed');
    this.addSql(
      `CREATE INDEX assets_failed ON assets (owner, state, id) WHERE state IN ('failed', 'canceled')`,
    );
    this.addSql('CREATE INDEX deliveries_by_owner ON deliveries (owner, id)');
    this.addSql('DROP INDEX deliveries_failed');
    this.addSql(`CREATE INDEX deliveries_failed ON deliveries (owner, id) WHERE state = 'failed'`);

    this.addSql(`
      CREATE TABLE api_keys (
        id text PRIMARY KEY,
        owner text NOT NULL CHECK (owner <> ''),
        name text NOT NULL,
        scopes text[] NOT NULL,
        -- SHA-256 of the secret. The secret has 256 random bits, so a salt or a slow hash would add nothing.
        hash bytea NOT NULL CHECK (octet_length(hash) = 32),
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz,
        replaced_by text REFERENCES api_keys (id) DEFERRABLE INITIALLY DEFERRED
      )`);
    this.addSql('CREATE INDEX api_keys_by_owner ON api_keys (owner, created_at)');

    for (const [table, privileges] of Object.entries(OWNED)) {
      this.addSql(`GRANT ${privileges} ON ${table} TO validatr_tenant`);
      this.addSql(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
      this.addSql(
        `CREATE POLICY tenant ON ${table} TO validatr_tenant USING (owner = current_setting('validatr.tenant', true))`,
      );
    }
    // A try belongs to the tenant of its delivery, because the policy of deliveries applies inside this one.
    this.addSql('GRANT SELECT ON delivery_tries TO validatr_tenant');
    this.addSql('ALTER TABLE delivery_tries ENABLE ROW LEVEL SECURITY');
    this.addSql(`
      CREATE POLICY tenant ON delivery_tries TO validatr_tenant
      USING (EXISTS (SELECT FROM deliveries WHERE deliveries.id = delivery_id))`);
  }

  override down(): void {
    for (const table of [...Object.keys(OWNED), 'delivery_tries']) {
      this.addSql(`DROP POLICY tenant ON ${table}`);
      this.addSql(`ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`);
      this.addSql(`REVOKE ALL ON ${table} FROM validatr_tenant`);
    }
    this.addSql('DROP TABLE api_keys');
    this.addSql('DROP INDEX deliveries_failed, deliveries_by_owner, assets_failed');
    this.addSql(`CREATE INDEX deliveries_failed ON deliveries (id) WHERE state = 'failed'`);
    this.addSql(`CREATE INDEX assets_failed ON assets (state, id) WHERE state IN ('failed', 'canceled')`);
    // The index of the column is dropped with it. The role stays, because it may serve other databases.
    this.addSql('ALTER TABLE assets DROP owner');
  }
}
