import { Migration } from '@mikro-orm/migrations';

export class AssetsByState extends Migration {
  override name = '0003-assets-by-state';

  override up(): void {
    // For lists of what did not go well. Not of all states: an index that every change of state has to touch would cost
    // each asset its heap-only updates, and most assets are complete, which the primary key finds as well.
    this.addSql(`CREATE INDEX assets_failed ON assets (state, id) WHERE state IN ('failed', 'canceled')`);
  }

  override down(): void {
    this.addSql('DROP INDEX assets_failed');
  }
}
