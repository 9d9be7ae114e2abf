import type { NotificationKey } from '../../src/domain/asset.ts';
import type { LogRecord, RecordOf } from './log.ts';

type Rule =
  | 'incomplete_log'
  | 'lost'
  | 'unfinished'
  | 'late'
  | 'doubled'
  | 'wrong'
  | 'second_attempt'
  | 'memory'
  | 'webhook_missing'
  | 'webhook_unexpected'
  | 'webhook_body'
  | 'webhook_id'
  | 'webhook_order'
  | 'webhook_signature';

export interface Violation {
  readonly rule: Rule;
  readonly submission: number | null;
  readonly detail: string;
}

export type Webhook = RecordOf<'webhook'> & { readonly event: NotificationKey };

/** All observations of one submission. */
export interface Sighting {
  readonly submission: number;
  readonly request: RecordOf<'request'>;
  /** Ids that a 202 named. */
  readonly acknowledged: string[];
  isAnswered: boolean;
  readonly rows: RecordOf<'row'>[];
  /** In the order of their arrival. */
  readonly webhooks: Webhook[];
}

/** Groups the log by submission. Rows and webhooks without a submission are left over. */
export function gatherSightings(records: readonly LogRecord[]): {
  sightings: Sighting[];
  strays: (RecordOf<'row'> | RecordOf<'webhook'>)[];
} {
  const byNumber = new Map<number, Sighting>();
  for (const record of records) {
    if (record.type !== 'request') continue;
    const { submission } = record;
    byNumber.set(submission, {
      submission,
      request: record,
      acknowledged: [],
      isAnswered: false,
      rows: [],
      webhooks: [],
    });
  }
  const strays: (RecordOf<'row'> | RecordOf<'webhook'>)[] = [];
  for (const record of records) {
    if (record.type === 'acknowledged' || record.type === 'not_acknowledged') {
      const sighting = byNumber.get(record.submission);
      if (sighting === undefined) continue;
      sighting.isAnswered = true;
      if (record.type === 'acknowledged') sighting.acknowledged.push(record.id);
    } else if (record.type === 'row') {
      const sighting = record.submission === null ? undefined : byNumber.get(record.submission);
      if (sighting === undefined) strays.push(record);
      else sighting.rows.push(record);
    } else if (record.type === 'webhook') {
      const { pathname, searchParams } = new URL(record.url);
      const sighting = byNumber.get(Number(searchParams.get('submission') ?? Number.NaN));
      if (sighting === undefined) strays.push(record);
      else sighting.webhooks.push({ ...record, event: pathname.slice(1) as NotificationKey });
    }
  }
  return { sightings: [...byNumber.values()], strays };
}
