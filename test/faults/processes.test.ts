import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { isRecording, keepHistory } from '../support/workflow-lab.ts';

const ASSETS = 200;

/** Processes die in the middle of work. Every acknowledged asset ends all the same. */
describe('when processes die', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({ LOG_LEVEL: 'warn' });
  });
  afterAll(() => stack?.stop());

  async function terminalCount(ids: readonly string[]): Promise<number> {
    const [row] = await stack.database.query<{ count: string }>(
      `SELECT count(*) FROM assets WHERE finished_at IS NOT NULL AND id IN (SELECT jsonb_array_elements_text(?::jsonb)::uuid)`,
      [JSON.stringify(ids)],
    );
    return Number(row?.count);
  }

  /** Keeps the history of an asset whose task was under way when its worker was killed. */
  async function recordCrash(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const history = await stack.temporal('workflow', 'show', '-w', `asset-${id}`, '--output', 'json');
      if (history.includes('EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT')) return keepHistory(history, 'crash');
    }
    throw new Error('Nobody was at work when the worker was killed');
  }

  it('keeps every accepted asset when the worker is killed', async () => {
    const client = createTestClient(stack.baseUrl);
    const ids = await Promise.all(Array.from({ length: ASSETS }, () => client.submit('./assets/rocket.jpg')));
    await eventually(async () => (await terminalCount(ids)) >= ASSETS / 10, {
      what: 'a tenth of the verdicts',
    });
    stack.worker.signal('SIGKILL');
    await stack.worker.ended();
    expect(await terminalCount(ids)).toBeLessThan(ASSETS);
    await stack.startWorker();
    await eventually(async () => (await terminalCount(ids)) === ASSETS, {
      what: 'all verdicts',
    });
    const states = await stack.database.query<{ state: string; attempt: number }>(
      'SELECT DISTINCT state, attempt FROM assets',
    );
    expect(states).toEqual([{ state: 'complete', attempt: 1 }]);
    if (isRecording) await recordCrash(ids);
  });

  it('keeps every acknowledged asset when the API is killed', async () => {
    const acknowledged: string[] = [];
    const client = createTestClient(stack.baseUrl);
    const submitting = Array.from({ length: 20 }, async () => {
      for (;;) {
        try {
          acknowledged.push(await client.submit('./assets/rocket.jpg'));
        } catch {
          return;
        }
      }
    });
    await eventually(() => acknowledged.length >= ASSETS, { what: 'acknowledgements' });
    stack.api.signal('SIGKILL');
    await Promise.all(submitting);
    await stack.startApi();
    await eventually(async () => (await terminalCount(acknowledged)) === acknowledged.length, {
      what: 'all verdicts',
    });
  });

  it('drains at SIGTERM: processes end by themselves, and new ones finish their work', async () => {
    const client = createTestClient(stack.baseUrl);
    const ids = await Promise.all(Array.from({ length: 30 }, () => client.submit('./assets/rocket.jpg')));
    stack.worker.signal('SIGTERM');
    stack.api.signal('SIGTERM');
    expect(await Promise.all([stack.worker.ended(), stack.api.ended()])).toEqual([0, 0]);
    await Promise.all([stack.startApi(), stack.startWorker()]);
    await eventually(async () => (await terminalCount(ids)) === ids.length, {
      what: 'all verdicts',
    });
  });
});
