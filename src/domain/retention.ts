import type { ExpiredRows, ExpiredUploads, RetentionReport } from './ports/retention.ts';

/** Small, so that no other statement waits long for the locks of one batch. */
const BATCH = 500;

export interface RetentionSettings {
  /** Zero: for ever. */
  readonly days: number;
  /** For uploaded bytes. Zero: as long as their assets. */
  readonly uploadHours: number;
}

export interface RetentionDeps {
  readonly rows: ExpiredRows;
  readonly uploads: ExpiredUploads;
  /** Called with what a round has deleted, if that is anything. */
  readonly onDeleted: (report: RetentionReport) => void;
  /** Called when the directory of uploads has trouble. Rows are deleted all the same. */
  readonly onError: (error: unknown) => void;
}

/** Deletes what is older than the operator wants to keep, and nothing that is open. `mayGoOn` is asked between batches. */
export function createRetention(
  { days, uploadHours }: RetentionSettings,
  { rows, uploads, onDeleted, onError }: RetentionDeps,
) {
  async function deleteAssets(mayGoOn: () => boolean) {
    let count = 0;
    let orphans = 0;
    for (let after: string | null = null; mayGoOn(); ) {
      const batch = await rows.deleteAssets(days, BATCH, after);
      count += batch.count;
      for (const upload of batch.uploads) {
        try {
          if (await uploads.delete(upload)) orphans += 1;
        } catch (error) {
          onError(error);
        }
      }
      after = batch.next;
      if (after === null) break;
    }
    return { count, orphans };
  }

  async function deleteTestEvents(mayGoOn: () => boolean): Promise<number> {
    let count = 0;
    while (mayGoOn()) {
      const deleted = await rows.deleteTestEvents(days, BATCH);
      count += deleted;
      if (deleted < BATCH) break;
    }
    return count;
  }

  async function deleteUploads(mayGoOn: () => boolean): Promise<number> {
    try {
      return await uploads.deleteOlderThan(uploadHours, {
        findNeeded: rows.findNeededUploads,
        mayGoOn,
        onError,
      });
    } catch (error) {
      onError(error);
      return 0;
    }
  }

  async function round(mayGoOn: () => boolean): Promise<RetentionReport> {
    // At the same time, so that none of them uses up the round.
    const [old, { count, orphans }, testEvents] = await Promise.all([
      uploadHours === 0 ? 0 : deleteUploads(mayGoOn),
      days === 0 ? { count: 0, orphans: 0 } : deleteAssets(mayGoOn),
      days === 0 ? 0 : deleteTestEvents(mayGoOn),
    ]);
    return { assets: count, testEvents, uploads: old + orphans };
  }

  return async (mayGoOn: () => boolean): Promise<RetentionReport> => {
    const report = await round(mayGoOn);
    if (report.assets + report.testEvents + report.uploads > 0) onDeleted(report);
    return report;
  };
}
