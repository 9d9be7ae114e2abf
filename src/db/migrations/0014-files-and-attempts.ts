import { Migration } from '@mikro-orm/migrations';

/** A digest of where the file lies and of its content. */
export const FILE = (sha256: string) =>
  `sha256(convert_to(concat_ws(E'\\n', location, path, ${sha256}), 'UTF8'))`;

/** The function that enters the fingerprint of an asset. `file`: the digest, made of columns of `assets` and of `file_sha256`. */
export function enterFingerprint(file: string): string {
  return `
    CREATE OR REPLACE FUNCTION enter_fingerprint(
      asset uuid, new_size double precision, pixels bytea, look bigint, file_sha256 text,
      OUT tenant text, OUT place bigint, OUT place_of_file bigint
    ) LANGUAGE plpgsql SET enable_seqscan = off AS $$
    DECLARE new_file bytea;
    BEGIN
      SELECT owner, CASE WHEN file_sha256 IS NOT NULL THEN ${file} END
      INTO tenant, new_file FROM assets WHERE id = asset;
      IF NOT FOUND THEN RETURN; END IF;
      SELECT entered.place INTO place FROM enter_fingerprint(asset, new_size, pixels, look) entered;
      UPDATE fingerprints SET file = new_file WHERE asset_id = asset AND file IS DISTINCT FROM new_file;
      SELECT seq INTO place_of_file FROM fingerprints
      WHERE file = new_file AND owner = tenant ORDER BY seq LIMIT 1;
      place_of_file := coalesce(place_of_file, place);
    END $$`;
}

export class FilesAndAttempts extends Migration {
  override name = '0014-files-and-attempts';

  override up(): void {
    this.addFiles();
    this.addAttempts();
  }

  private addFiles(): void {
    this.addSql('ALTER TABLE fingerprints ADD COLUMN file bytea');
    this.addSql(`
      UPDATE fingerprints SET file = ${FILE("image->>'sha256'")}
      FROM assets WHERE assets.id = asset_id AND image->>'sha256' IS NOT NULL`);
    this.addSql('CREATE INDEX fingerprints_file ON fingerprints (file, owner, seq) WHERE file IS NOT NULL');

    // An older worker calls the function of the same name with four arguments. Its entries have no file.
    this.addSql(enterFingerprint(FILE('file_sha256')));
  }

  private addAttempts(): void {
    this.addSql(`
      CREATE TABLE attempts (
        asset_id uuid NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
        attempt integer NOT NULL,
        owner text NOT NULL CHECK (owner <> ''),
        state text NOT NULL,
        policy_name text,
        policy_version integer,
        errors json,
        findings json,
        steps json,
        cancel_reason text,
        run_id text,
        started_at timestamptz,
        finished_at timestamptz,
        PRIMARY KEY (asset_id, attempt)
      )`);
    // Requests may only read them.
    this.addSql('GRANT SELECT ON attempts TO validatr_tenant');
    this.addSql('ALTER TABLE attempts ENABLE ROW LEVEL SECURITY');
    this.addSql(
      `CREATE POLICY tenant ON attempts TO validatr_tenant USING (owner = current_setting('validatr.tenant', true))`,
    );
    // A trigger, so that whatever begins a new attempt keeps the one before it: a request, a reset run, an older version.
    this.addSql(`
      CREATE FUNCTION keep_attempt() RETURNS trigger
      LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
      BEGIN
        INSERT INTO attempts (asset_id, attempt, owner, state, policy_name, policy_version, errors, findings, steps,
          cancel_reason, run_id, started_at, finished_at)
        VALUES (OLD.id, OLD.attempt, OLD.owner, OLD.state, OLD.policy_name, OLD.policy_version, OLD.errors, OLD.findings,
          OLD.steps, OLD.cancel_reason, OLD.run_id, OLD.started_at, OLD.finished_at);
        RETURN NULL;
      END $$`);
    this.addSql('REVOKE EXECUTE ON FUNCTION keep_attempt FROM public');
    this.addSql(`
      CREATE TRIGGER keep_attempt AFTER UPDATE OF attempt ON assets FOR EACH ROW
      WHEN (NEW.attempt > OLD.attempt) EXECUTE FUNCTION keep_attempt()`);
  }

  override down(): void {
    this.addSql('DROP TRIGGER keep_attempt ON assets');
    this.addSql('DROP FUNCTION keep_attempt');
    this.addSql('DROP TABLE attempts');
    this.addSql('DROP FUNCTION enter_fingerprint(uuid, double precision, bytea, bigint, text)');
    this.addSql('ALTER TABLE fingerprints DROP COLUMN file');
  }
}
