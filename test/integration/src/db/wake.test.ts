import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectWake } from '../../../../src/db/wake.ts';
import { cloneDatabase, type TestDatabase } from '../../../support/database.ts';
import { eventually } from '../../../support/eventually.ts';

describe('the wake-up call between processes', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await cloneDatabase();
  });
  afterAll(() => database?.drop());

  it('is heard again after the connection that listens was lost', async () => {
    let wakes = 0;
    const wake = connectWake(database.url, () => {
      wakes += 1;
    });
    await eventually(() => wakes === 1, { what: 'the connection' });
    const lost = await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'validatr wake' AND datname = current_database()`,
    );
    expect(lost).toHaveLength(1);
    await eventually(() => wakes === 2, { what: 'the next connection' });
    await database.query('NOTIFY validatr_work');
    await eventually(() => wakes === 3, { what: 'the call' });
    wake.notify();
    await eventually(() => wakes === 4, { what: 'our own call' });
    await wake.stop();
  });
});
