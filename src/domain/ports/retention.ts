/** An upload by its tenant, or by the directory of its tenant. */
interface OwnUpload {
  readonly tenant: string;
  readonly uploadId: string;
}

/** One batch of old assets that are gone. */
export interface DeletedAssets {
  readonly count: number;
  /** Uploads that no other asset is. */
  readonly uploads: readonly OwnUpload[];
  /** Where the next batch begins. Null: there is none. */
  readonly next: string | null;
}

/** The rows that retention deletes. */
export interface ExpiredRows {
  /** Up to `batch` assets whose verdict is older than `days`, in order of arrival, with their deliveries. None with a webhook due. */
  deleteAssets(days: number, batch: number, after: string | null): Promise<DeletedAssets>;
  /** Up to `batch` test events that ended more than `days` ago. Returns how many. */
  deleteTestEvents(days: number, batch: number): Promise<number>;
  /** Those of these uploads that an asset without a verdict is. */
  findNeededUploads(uploadIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** The means of a sweep through the uploads. */
export interface Sweep {
  /** Those that stay. */
  readonly findNeeded: ExpiredRows['findNeededUploads'];
  /** Asked between two blocks. */
  readonly mayGoOn: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** The uploaded bytes that retention deletes. */
export interface ExpiredUploads {
  /** Deletes uploads that nothing was added to for so long, and goes on past those that it can't delete. Returns how many. */
  deleteOlderThan(hours: number, sweep: Sweep): Promise<number>;
  /** Deletes one upload. Returns whether it was there. */
  delete(upload: OwnUpload): Promise<boolean>;
}

/** The number of things that one round has deleted. */
export interface RetentionReport {
  readonly assets: number;
  readonly testEvents: number;
  readonly uploads: number;
}
