import { Migration } from '@mikro-orm/migrations';

export class Policies extends Migration {
  override name = '0008-policies';

  override up(): void {
    // `rules` are as they were understood when the version was made, defaults filled in: another default later changes none.
    this.addSql(`
      CREATE TABLE policies (
        owner text NOT NULL CHECK (owner <> ''),
        name text NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        rules jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (owner, name, version)
      )`);
    // A version never changes and never goes: requests may do no more than read and add.
    this.addSql('GRANT SELECT, INSERT ON policies TO validatr_tenant');
    this.addSql('ALTER TABLE policies ENABLE ROW LEVEL SECURITY');
    this.addSql(
      `CREATE POLICY tenant ON policies TO validatr_tenant USING (owner = current_setting('validatr.tenant', true))`,
    );

    // Null: the contract's own. Without a foreign key: every asset would lock the row of its version.
    this.addSql(`
      ALTER TABLE assets
        ADD policy_name text,
        ADD policy_version integer,
        ADD sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
        ADD CONSTRAINT assets_policy_check CHECK ((policy_name IS NULL) = (policy_version IS NULL))`);
  }

  override down(): void {
    this.addSql('ALTER TABLE assets DROP policy_name, DROP policy_version, DROP sha256');
    this.addSql('DROP TABLE policies');
  }
}
