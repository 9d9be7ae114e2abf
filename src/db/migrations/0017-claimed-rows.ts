import { Migration } from '@mikro-orm/migrations';

/** Until now, the claim of a run left these rows without the mark if the dispatcher had died before it. Nothing repaired them. */
export class ClaimedRows extends Migration {
  override name = '0017-claimed-rows';

  override up(): void {
    this.addSql(
      `UPDATE assets SET dispatched_at = started_at WHERE state = 'in_progress' AND dispatched_at IS NULL`,
    );
  }

  override down(): void {
    // The mark says what is true, so it stays.
  }
}
