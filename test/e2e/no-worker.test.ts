import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { insertEvents } from '../support/tenant-events.ts';

describe('an API without a worker', () => {
  let stack: Stack;
  let client: TestClient;

  beforeAll(async () => {
    stack = await startStack();
    client = createTestClient(stack.baseUrl);
    stack.worker.signal('SIGTERM');
    await stack.worker.ended();
  });
  afterAll(() => stack?.stop());

  /** Ends when the API's dispatcher has passed on a request to cancel. In each round, it does that before its other chores. */
  async function cancelByDispatcher(): Promise<void> {
    const answer = await client.call('POST', '/assets/image/', {
      assetPath: { location: 'local', path: './assets/rocket.jpg' },
    });
    const { id } = (await answer.json()) as { id: string };
    const isMarked = (mark: string) => async () => {
      const [row] = await stack.database.query<Record<string, unknown>>('SELECT * FROM assets WHERE id = ?', [
        id,
      ]);
      return row?.[mark] !== null;
    };
    await eventually(isMarked('dispatched_at'), { what: 'a start by the API' });
    await client.call('POST', `/assets/${id}/cancel`, {});
    await eventually(isMarked('cancel_signaled_at'), { what: 'a request to cancel that was passed on' });
  }

  it('starts and cancels workflows, and leaves deliveries in Postgres, where tenants take turns', async () => {
    const [id] = await insertEvents(stack.database, 'default', ['http://127.0.0.1:9/hook']);
    // The second request is passed on after a whole round.
    await cancelByDispatcher();
    await cancelByDispatcher();
    const [delivery] = await stack.database.query(
      'SELECT state, handed_over_at FROM deliveries WHERE id = ?',
      [id],
    );
    expect(delivery).toEqual({ state: 'pending', handed_over_at: null });
  });
});
