import { Migration } from '@mikro-orm/migrations';

/** Any number: it keeps these locks apart from others of two keys. */
export const FINGERPRINTS_LOCK = 7_204;

/** Bits to shift a band of the perceptual hash down by. */
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
        -- The order of entry: within a tenant, who has the smaller one was committed before the other was entered.
        seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        size double precision,
        pixel_hash bytea CHECK (octet_length(pixel_hash) = 32),
        perceptual_hash bigint,
        -- Only these have bands: a thousand blank pictures are one row to those who search for what is near, and to the
        -- statistics by which the planner expects what a band's value finds.
        first_of_look boolean NOT NULL,
        ${bands.join(',\n')}
      )`);
    // Each serves one search and is of no use to another, by its first column or its condition: for a tenant of whom the
    // statistics know nothing yet, the planner takes all ways for equally short.
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

    // One statement to call, so that the tenant's lock is held for its own time and a commit, and by no process that has
    // been frozen or cut off. Each statement in it has a snapshot of its own (READ COMMITTED): those after the lock see
    // what was committed while it was waited for. A plan made for a few rows may be kept when there are many: never one
    // that scans.
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

    // Only workers use it: requests are granted nothing, and would see no row.
    this.addSql('ALTER TABLE fingerprints ENABLE ROW LEVEL SECURITY');
  }

  override down(): void {
    this.addSql('DROP FUNCTION enter_fingerprint');
    this.addSql('DROP TABLE fingerprints');
  }
}
