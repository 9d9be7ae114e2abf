import { Migration } from '@mikro-orm/migrations';

/** A digest of where a file lies and of its content. */
const digestOf = (place: string) =>
  `CASE WHEN file_sha256 IS NOT NULL THEN sha256(convert_to(concat_ws(E'\\n', location, ${place}, file_sha256), 'UTF8')) END`;

const PLACE_OF_FILE = (file: string) =>
  `(SELECT seq FROM fingerprints WHERE file = ${file} AND owner = tenant ORDER BY seq LIMIT 1)`;

/** Findings as text, because JSON values cannot be compared. */
const HAS_FINDINGS = (row: 'NEW' | 'OLD') => `coalesce(${row}.findings::text, '[]') <> '[]'`;

/**
 * A file is known by its place, however its path was spelled, and an asset by the codes of all its findings. The table is filled while
 * clients write, so this runs outside a transaction. Each statement may be repeated.
 */
export class FilesAndCodes extends Migration {
  override name = '0021-files-and-codes';

  override isTransactional(): boolean {
    return false;
  }

  override up(): void {
    this.spellPlaces();
    this.keepCodes();
  }

  private spellPlaces(): void {
    // As before, with one more argument. A worker of the version before calls the function of the same name with five. Its entries
    // know a local file by the path as it was submitted.
    this.addSql(`
      CREATE OR REPLACE FUNCTION enter_fingerprint(
        asset uuid, new_size double precision, pixels bytea, look bigint, file_sha256 text, file_place text,
        OUT tenant text, OUT place bigint, OUT place_of_file bigint
      ) LANGUAGE plpgsql SET enable_seqscan = off AS $$
      DECLARE
        new_file bytea;
        as_submitted bytea;
      BEGIN
        SELECT owner, ${digestOf('coalesce(file_place, locator::text, path)')}, ${digestOf('coalesce(locator::text, path)')}
        INTO tenant, new_file, as_submitted FROM assets WHERE id = asset;
        IF NOT FOUND THEN RETURN; END IF;
        -- An entry keeps its size, though it was made when rules that compare no sizes entered them, too. Otherwise it would lose its place.
        new_size := coalesce(new_size, (
          SELECT size FROM fingerprints WHERE asset_id = asset AND pixel_hash IS NOT DISTINCT FROM pixels
            AND perceptual_hash IS NOT DISTINCT FROM look));
        SELECT entered.place INTO place FROM enter_fingerprint(asset, new_size, pixels, look) entered;
        UPDATE fingerprints SET file = new_file WHERE asset_id = asset AND file IS DISTINCT FROM new_file;
        place_of_file := coalesce(least(${PLACE_OF_FILE('new_file')}, ${PLACE_OF_FILE('as_submitted')}), place);
      END $$`);
  }

  private keepCodes(): void {
    this.addSql(`
      CREATE TABLE IF NOT EXISTS asset_codes (
        owner text NOT NULL,
        code text NOT NULL,
        asset_id uuid NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
        PRIMARY KEY (owner, code, asset_id)
      )`);
    this.addSql('CREATE INDEX IF NOT EXISTS asset_codes_asset ON asset_codes (asset_id)');
    // Requests may only read them.
    this.addSql('GRANT SELECT ON asset_codes TO validatr_tenant');
    this.addSql('ALTER TABLE asset_codes ENABLE ROW LEVEL SECURITY');
    this.addSql('DROP POLICY IF EXISTS tenant ON asset_codes');
    this.addSql(
      `CREATE POLICY tenant ON asset_codes TO validatr_tenant USING (owner = current_setting('validatr.tenant', true))`,
    );

    // A trigger, so that every writer keeps them: verdicts, new attempts, older versions. Assets without findings do not call it.
    this.addSql(`
      CREATE OR REPLACE FUNCTION keep_codes() RETURNS trigger
      LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
      BEGIN
        DELETE FROM asset_codes WHERE asset_id = NEW.id;
        INSERT INTO asset_codes (owner, code, asset_id)
        SELECT DISTINCT NEW.owner, finding ->> 'code', NEW.id FROM json_array_elements(NEW.findings) finding;
        RETURN NULL;
      END $$`);
    this.addSql('REVOKE EXECUTE ON FUNCTION keep_codes FROM public');
    this.addSql(`
      CREATE OR REPLACE TRIGGER keep_codes AFTER UPDATE OF findings ON assets FOR EACH ROW
      WHEN (${HAS_FINDINGS('NEW')} OR ${HAS_FINDINGS('OLD')}) EXECUTE FUNCTION keep_codes()`);
    this.addSql(`
      INSERT INTO asset_codes (owner, code, asset_id)
      SELECT DISTINCT owner, finding ->> 'code', id FROM assets, json_array_elements(findings) finding
      WHERE findings::text <> '[]' ON CONFLICT DO NOTHING`);
    // An asset may have begun a new attempt while this statement copied the codes of the one before.
    this.addSql(`
      DELETE FROM asset_codes USING assets WHERE id = asset_id AND NOT EXISTS (
        SELECT FROM json_array_elements(findings) finding WHERE finding ->> 'code' = asset_codes.code)`);
    this.addSql('DROP INDEX CONCURRENTLY IF EXISTS assets_by_failure_code');
  }

  override down(): void {
    this.addSql(
      `CREATE INDEX assets_by_failure_code ON assets (owner, failure_code(findings), id) WHERE state IN ('failed', 'canceled')`,
    );
    this.addSql('DROP TRIGGER keep_codes ON assets');
    this.addSql('DROP FUNCTION keep_codes');
    this.addSql('DROP TABLE asset_codes');
    this.addSql('DROP FUNCTION enter_fingerprint(uuid, double precision, bytea, bigint, text, text)');
  }
}
