import { Migration } from '@mikro-orm/migrations';

/** First key of the advisory locks of fingerprints. It may be any number that no other lock uses. */
export const FINGERPRINTS_LOCK = 7_204;

/** By how many bits each band of the perceptual hash is shifted down. */
const BANDS = { band_1: 48, band_2: 32, band_3: 16, band_4: 0 };

export class Fingerprints extends Migration {
  override name = '0007-fingerprints';

  override up(): void {
    const bands = Object.entries(BANDS).map(
      ([band, bits]) =>
        `${band} integer GENERATED ALWAYS AS
          (CASE WHEN first_of_look THEN ((perceptual_hash >> ${bits}) & 65535)::integer END) STORED`,
    );
    this.addSql(`
      CREATE TABLE fingerprints (
        asset_id uuid PRIMARY KEY REFERENCES assets (id),
        owner text NOT NULL,
        -- The order of entry. Within a tenant, the row with the smaller number was committed before the other was entered.
        seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        size double precision,
        pixel_hash bytea CHECK (octet_length(pixel_hash) = 32),
        perceptual_hash bigint,
        -- Only these rows have bands. So a thousand blank pictures are one row for a search of near pictures. They are also one
        -- row for the statistics from which the planner estimates how many rows a band's value finds.
        first_of_look boolean NOT NULL,
        ${bands.join(',\n')}
      )`);
    // The first column or the condition of each index makes it useful for one search only. Without statistics on a tenant, the
    // planner takes all indexes for equally good.
    this.addSql('CREATE INDEX fingerprints_sizes ON fingerprints (owner, seq) WHERE size IS NOT NULL');
    this.addSql(`
      CREATE INDEX fingerprints_pixels ON fingerprints (pixel_hash, owner, seq) WHERE pixel_hash IS NOT NULL`);
    this.addSql(`
      CREATE UNIQUE INDEX fingerprints_look ON fingerprints (perceptual_hash, owner) WHERE first_of_look`);
    this.addSql(`
      CREATE INDEX fingerprints_same_look ON fingerprints (perceptual_hash, owner, seq)
      WHERE NOT first_of_look AND perceptual_hash IS NOT NULL`);
    for (const band of Object.keys(BANDS))
      this.addSql(
        `CREATE INDEX fingerprints_${band} ON fingerprints (${band}, owner) WHERE ${band} IS NOT NULL`,
      );

    // Callers run one statement, so the tenant's lock is held only for its time and a commit, never by a frozen process. Each
    // statement inside has a snapshot of its own (READ COMMITTED). Those after the lock see rows committed during the wait. A
    // plan made for a few rows may be kept when there are many, so no plan may scan.
    this.addSql(`
      CREATE FUNCTION enter_fingerprint(
        asset uuid, new_size double precision, pixels bytea, look bigint, OUT tenant text, OUT place bigint
      ) LANGUAGE plpgsql SET enable_seqscan = off AS $$
      DECLARE old fingerprints;
      BEGIN
        SELECT owner INTO tenant FROM assets WHERE id = asset;
        IF NOT FOUND THEN RETURN; END IF;
        PERFORM pg_advisory_xact_lock(${FINGERPRINTS_LOCK}, hashtext(tenant));
        SELECT * INTO old FROM fingerprints WHERE asset_id = asset;
        IF FOUND THEN
          IF (old.size, old.pixel_hash, old.perceptual_hash) IS NOT DISTINCT FROM (new_size, pixels, look) THEN
            place := old.seq;
            RETURN;
          END IF;
          DELETE FROM fingerprints WHERE asset_id = asset;
          IF old.first_of_look THEN
            UPDATE fingerprints SET first_of_look = true WHERE asset_id = (
              SELECT asset_id FROM fingerprints WHERE owner = tenant AND perceptual_hash = old.perceptual_hash
                AND NOT first_of_look
              ORDER BY seq LIMIT 1);
          END IF;
        END IF;
        INSERT INTO fingerprints (asset_id, owner, size, pixel_hash, perceptual_hash, first_of_look)
        VALUES (asset, tenant, new_size, pixels, look, look IS NOT NULL AND NOT EXISTS (
          SELECT FROM fingerprints WHERE owner = tenant AND perceptual_hash = look AND first_of_look))
        RETURNING seq INTO place;
      END $$`);

    // Only workers use the table. Requests get no privileges and would see no row.
    this.addSql('ALTER TABLE fingerprints ENABLE ROW LEVEL SECURITY');
  }

  override down(): void {
    this.addSql('DROP FUNCTION enter_fingerprint');
    this.addSql('DROP TABLE fingerprints');
  }
}
