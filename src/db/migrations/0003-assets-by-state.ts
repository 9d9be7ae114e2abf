import { Migration } from '@mikro-orm/migrations';

export class AssetsByState extends Migration {
  override name = '0003-assets-by-state';

  override up(): void {
    // For lists of failed and canceled assets. An index of all states would change with every state, and cost each asset its
    // heap-only updates. Most assets are complete, and the primary key finds these as well.
    this.addSql(`CREATE INDEX assets_failed ON assets (state, id) WHERE state IN ('failed', 'canceled')`);
  }

  override down(): void {
    this.addSql('DROP INDEX assets_failed');
  }
}
