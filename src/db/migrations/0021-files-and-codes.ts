import { Migration } from '@mikro-orm/migrations';

/** A digest of where a file lies and of its content. */
const digestOf = (place: string) =>
  `CASE WHEN file_sha256 IS NOT NULL THEN sha256(convert_to(concat_ws(E'\\n', location, ${place}, file_sha256), 'UTF8')) END`;

const PLACE_OF_FILE = (file: string) =>
  `(SELECT seq FROM fingerprints WHERE file = ${file} AND owner = tenant ORDER BY seq LIMIT 1)`;

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
        SELECT entered.place INTO place FROM enter_fingerprint(asset, new_size, pixels, look) entered;
        UPDATE fingerprints SET file = new_file WHERE asset_id = asset AND file IS DISTINCT FROM new_file;
        place_of_file := coalesce(least(${PLACE_OF_FILE('new_file')}, ${PLACE_OF_FILE('as_submitted')}), place);
      END $$`);
  }

  override down(): void {
    this.addSql('DROP FUNCTION enter_fingerprint(uuid, double precision, bytea, bigint, text, text)');
  }
}
