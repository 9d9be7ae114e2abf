import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver } from '../support/receiver.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** STEP_EXECUTION=regular: every step is an event of its own, so a closed run has many points to be reset to. */
describe('with every step as a regular activity', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({ STEP_EXECUTION: 'regular' });
  });
  afterAll(() => stack?.stop());

  it('shows the steps in the history, and validates again after a reset to each task of the closed run', async () => {
    const client = createTestClient(stack.baseUrl);
    const receiver = await startReceiver();
    const id = await client.submit('./assets/retina.jpg', { onStart: receiver.url, onFailure: receiver.url });
    expect((await client.verdict(id)).state).toBe('failed');
    const workflow = ['-w', `asset-${id}`];
    const read = async () =>
      client.read<{ state: string; attempt: number; runId: string }>(`/assets/${id}/details`);
    const { runId } = await read();
    const isClosed = async () =>
      /"status": "WORKFLOW_EXECUTION_STATUS_COMPLETED"/.test(
        await stack.temporal('workflow', 'describe', ...workflow, '--output', 'json'),
      );
    await eventually(isClosed, { what: 'the end of the run' });

    const { events } = JSON.parse(
      await stack.temporal('workflow', 'show', ...workflow, '--run-id', runId, '--output', 'json'),
    ) as { events: { eventId: string; eventType: string }[] };
    const tasks = events.filter(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED');
    expect(tasks.length).toBeGreaterThanOrEqual(5);
    const points = [tasks[0], tasks[Math.floor(tasks.length / 2)], tasks.at(-1)];
    for (const [index, point] of points.entries()) {
      const again = ['--run-id', runId, '--event-id', point?.eventId ?? '', '--reason', 'again'];
      await stack.temporal('workflow', 'reset', ...workflow, ...again);
      await eventually(
        async () => {
          const asset = await read();
          return asset.attempt === index + 2 && asset.state === 'failed';
        },
        { what: `attempt ${index + 2}, by a reset to event ${point?.eventId}` },
      );
      await eventually(isClosed, { what: 'the end of the run' });
    }
    // Each attempt sends its start and its end at least once, so an event may come twice.
    const ids = () => new Set(receiver.events.map((event) => event.headers['webhook-id']));
    await eventually(() => ids().size === 8, { what: 'eight events' });
    await receiver.close();
  });
});
