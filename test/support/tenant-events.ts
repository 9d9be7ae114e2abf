import { v7 as uuidv7 } from 'uuid';
import type { TestDatabase } from './database.ts';

/** Inserts test events of a tenant, one for each URL. They are overdue in this order. Returns their ids. */
export async function insertEvents(
  database: TestDatabase,
  owner: string,
  urls: readonly string[],
): Promise<string[]> {
  const events = urls.map((url, index) => ({ id: uuidv7(), url, agoMs: urls.length - index }));
  await database.query(
    `INSERT INTO deliveries (id, owner, attempt, event, url, body, state, due_at)
     SELECT id, ?, 0, 'test', url, format('{"id":"%s","state":"test"}', id), 'pending',
       now() - make_interval(secs => "agoMs" / 1000.0)
     FROM jsonb_to_recordset(?::jsonb) AS event(id uuid, url text, "agoMs" integer)`,
    [owner, JSON.stringify(events)],
  );
  return events.map(({ id }) => id);
}
