import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { findTemporalTrouble, SCHEDULE_IDS } from '../../../../src/temporal/namespace.ts';
import { prepareNamespace } from '../../../../src/temporal/setup.ts';
import { watchNamespace } from '../../../../src/temporal/watch-namespace.ts';
import { eventually } from '../../../support/eventually.ts';

const DEADLINE_MS = 5_000;

describe('the namespace of a Temporal server that knows nothing of us', () => {
  let client: Client;
  const missing: string[] = [];
  const namespace = `empty-${process.pid}-${Date.now()}`;

  beforeAll(async () => {
    const connection = await Connection.connect({ address: inject('temporalAddress') });
    client = new Client({ connection, namespace });
  });
  afterAll(() => client?.connection.close());

  const trouble = () => findTemporalTrouble(client, DEADLINE_MS);
  const schedule = () => client.schedule.getHandle(SCHEDULE_IDS[0]);
  const prepare = (updateSchedules: boolean) =>
    prepareNamespace(client, { updateSchedules, onMissing: (reason) => missing.push(reason) });

  it('is created, with all that our workflows need', async () => {
    expect(await trouble()).toBe('it does not have this namespace');
    expect(await prepare(true)).toBe('it does not have this namespace, so it is being created');
    await eventually(async () => (await prepare(true)) === null, { what: 'the namespace' });
    await eventually(async () => (await trouble()) === null, { what: 'the all-clear' });
    const { spec, policies } = await schedule().describe();
    expect(missing.at(-1)).toBe(
      `its namespace lacks the search attributes ValidatrState and ValidatrVerdict and the Schedule validatr-reconcile and the Schedule validatr-retention`,
    );
    expect([spec.intervals?.[0]?.every, policies.overlap]).toEqual([15_000, 'SKIP']);
  });

  it('is not written to again while nothing is missing', async () => {
    const { lastUpdatedAt, createdAt } = (await schedule().describe()).info;
    expect(await prepare(false)).toBeNull();
    expect((await schedule().describe()).info).toMatchObject({ lastUpdatedAt, createdAt });
  });

  it('gets a Schedule back that was deleted, at once if a call has failed, and only then anew', async () => {
    const changes: (string | null)[] = [];
    const watch = watchNamespace({
      client,
      onMissing: (reason) => changes.push(reason),
      onChange: (found) => changes.push(found),
    });
    await schedule().delete();
    const reason = `its namespace lacks the Schedule validatr-reconcile`;
    await eventually(async () => (await trouble()) === reason, { what: 'the reason' });
    watch.lookSoon();
    await eventually(async () => (await trouble()) === null, { what: 'the Schedule' });
    watch.stop();
    expect(changes).toEqual([reason]);
  });
});
