import { Migration } from '@mikro-orm/migrations';

export class Turns extends Migration {
  override name = '0011-turns';

  override up(): void {
    // The number that a worker needs to validate the row (src/domain/needs.ts). All workers have 1.
    this.addSql('ALTER TABLE assets ADD needs smallint NOT NULL DEFAULT 1 CHECK (needs >= 1)');
    // By tenant first, because tenants take turns. `needs` comes last: an entry that asks for too much is passed over in the
    // index, without a look at its row. Workers of the version before still lease by the index `assets_to_dispatch`.
    this.addSql(`
      CREATE INDEX assets_to_lease ON assets (owner, id, needs) WHERE state = 'queued' AND dispatched_at IS NULL`);
  }

  override down(): void {
    // The index of the column is dropped with it.
    this.addSql('ALTER TABLE assets DROP needs');
  }
}
