import { Migration } from '@mikro-orm/migrations';
import { FINGERPRINTS_LOCK } from './0007-fingerprints.ts';

export class WithdrawFingerprints extends Migration {
  override name = '0009-withdraw-fingerprints';

  override up(): void {
    // Labelers never get failed or canceled assets, so no asset counts as a duplicate of them. A retry enters them again. An
    // asset that was validated again without a comparison loses its entry, too, because its file may have changed.
    this.addSql(`
      CREATE FUNCTION withdraw_fingerprint() RETURNS trigger
      LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET enable_seqscan = off AS $$
      DECLARE old_entry fingerprints;
      BEGIN
        IF NOT EXISTS (SELECT FROM fingerprints WHERE asset_id = NEW.id) THEN RETURN NULL; END IF;
        PERFORM pg_advisory_xact_lock(${FINGERPRINTS_LOCK}, hashtext(NEW.owner));
        DELETE FROM fingerprints WHERE asset_id = NEW.id RETURNING * INTO old_entry;
        IF old_entry.first_of_look THEN
          UPDATE fingerprints SET first_of_look = true WHERE asset_id = (
            SELECT asset_id FROM fingerprints WHERE owner = NEW.owner
              AND perceptual_hash = old_entry.perceptual_hash AND NOT first_of_look
            ORDER BY seq LIMIT 1);
        END IF;
        RETURN NULL;
      END $$`);
    this.addSql('REVOKE EXECUTE ON FUNCTION withdraw_fingerprint FROM public');
    this.addSql(`
      CREATE TRIGGER withdraw_fingerprint AFTER UPDATE OF state ON assets FOR EACH ROW
      WHEN (OLD.state <> NEW.state AND (NEW.state IN ('failed', 'canceled')
        OR NEW.state = 'complete' AND NEW.attempt > 1 AND NEW.image -> 'earlier' IS NULL))
      EXECUTE FUNCTION withdraw_fingerprint()`);

    this.addSql(`
      DELETE FROM fingerprints USING assets
      WHERE assets.id = asset_id AND state IN ('failed', 'canceled')`);
    this.addSql(`
      UPDATE fingerprints SET first_of_look = true WHERE asset_id IN (
        SELECT DISTINCT ON (owner, perceptual_hash) asset_id FROM fingerprints entered
        WHERE perceptual_hash IS NOT NULL AND NOT EXISTS (
          SELECT FROM fingerprints first
          WHERE first.owner = entered.owner AND first.perceptual_hash = entered.perceptual_hash AND first_of_look)
        ORDER BY owner, perceptual_hash, seq)`);
  }

  override down(): void {
    this.addSql('DROP TRIGGER withdraw_fingerprint ON assets');
    this.addSql('DROP FUNCTION withdraw_fingerprint');
  }
}
