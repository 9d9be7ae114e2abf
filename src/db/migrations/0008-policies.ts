import { Migration } from '@mikro-orm/migrations';

export class Policies extends Migration {
  override name = '0008-policies';

  override up(): void {
    // `rules` have the defaults of the day when the version was made, so a later default changes no version.
    this.addSql(`
      CREATE TABLE policies (
        owner text NOT NULL CHECK (owner <> ''),
        name text NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        rules jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (owner, name, version)
      )`);
    // A version never changes and is never deleted, so requests may only read and add.
    this.addSql('GRANT SELECT, INSERT ON policies TO validatr_tenant');
    this.addSql('ALTER TABLE policies ENABLE ROW LEVEL SECURITY');
    this.addSql(
      `CREATE POLICY tenant ON policies TO validatr_tenant USING (owner = current_setting('validatr.tenant', true))`,
    );

    // Null: the default policy. There is no foreign key, because every asset would lock the row of its version.
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
