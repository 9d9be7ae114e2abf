import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient, type TestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver } from '../support/receiver.ts';
import { type Stack, startStack } from '../support/stack.ts';

/** A regular file whose reading fails (EINVAL): trouble of the storage, which is retried for 24 h. */
const TROUBLED = '/sys/devices/virtual/net/lo/speed';

interface Details {
  state: string;
  attempt: number;
  runId: string;
  errors: Record<string, string[]> | null;
  steps: { name: string; state: string; attempts: number; error: string | null }[];
  deliveries: {
    event: string;
    attempt: number;
    state: string;
    tries: { status: number | null; error: string | null }[];
  }[];
}

describe('operating the pipeline', () => {
  let stack: Stack;
  let client: TestClient;
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-assets-'));
    stack = await startStack({ ASSET_ROOTS: `assets:${dir}:${TROUBLED.replace(/\/[^/]+$/, '')}` });
    client = createTestClient(stack.baseUrl);
  });
  afterAll(async () => {
    await stack?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const details = (id: string) => client.read<Details>(`/assets/${id}/details`);

  /** An asset whose validation can't go on: its storage has trouble. */
  async function submitTroubled(notifications?: Record<string, string>): Promise<string> {
    const id = await client.submit(TROUBLED, notifications);
    await eventually(async () => (await details(id)).steps.some((step) => step.error !== null), {
      what: 'the trouble',
    });
    return id;
  }

  it('shows storage trouble as the step’s error and goes on trying, visible in the Web UI', async () => {
    const id = await submitTroubled();
    const { state, steps } = await details(id);
    expect(state).toBe('in_progress');
    expect(steps.find((step) => step.name === 'checkIsImage')).toMatchObject({
      state: 'running',
      attempts: 2,
      error: expect.stringContaining('storage') as string,
    });
    const live = await eventually(async () => {
      const answer = await client.read<{ source: string; state: string }>(`/assets/${id}/live`);
      return answer.source === 'workflow' && answer;
    });
    expect(live).toMatchObject({ id, state: 'in_progress', source: 'workflow' });
    expect(await stack.temporal('workflow', 'describe', '-w', `asset-${id}`)).toMatch(/checkIsImage/);
    await client.call('POST', `/assets/${id}/cancel`);
    await client.verdict(id);
  });

  it('waits for an asset root that is away instead of calling its assets not reachable', async () => {
    await copyFile('assets/rocket.jpg', join(dir, 'late.jpg'));
    await rename(dir, `${dir}.away`);
    const id = await client.submit(join(dir, 'late.jpg'));
    const stepError = () =>
      eventually(async () => (await details(id)).steps.find(({ error }) => error !== null)?.error, {
        what: 'the trouble',
      });
    expect(await stepError()).toContain('an asset root is missing');
    await rename(`${dir}.away`, dir);
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
    expect(stack.worker.output().match(/an asset root is missing: assets wait/g)).toHaveLength(1);
  });

  it.each([
    [
      'POST …/cancel',
      async (id: string) => void (await client.call('POST', `/assets/${id}/cancel`, { reason: 'x' })),
    ],
    [
      'temporal workflow signal',
      (id: string) => stack.temporal('workflow', 'signal', '-w', `asset-${id}`, '--name', 'cancel'),
    ],
    ['temporal workflow cancel', (id: string) => stack.temporal('workflow', 'cancel', '-w', `asset-${id}`)],
  ])('cancels by %s, and tells onCancel', async (_how, cancel) => {
    const receiver = await startReceiver();
    const id = await submitTroubled({ onCancel: receiver.url });
    await cancel(id);
    expect(await client.verdict(id)).toEqual({ id, state: 'canceled' });
    await eventually(() => receiver.events.length === 1);
    expect(receiver.events[0]?.body).toBe(`{"id":"${id}","state":"canceled"}`);
    await receiver.close();
  });

  it('retries only terminal assets, and each once', async () => {
    const id = await submitTroubled();
    const retry = async () => (await client.call('POST', `/assets/${id}/retry`)).status;
    expect(await retry()).toBe(409);
    await client.call('POST', `/assets/${id}/cancel`);
    await client.verdict(id);
    // The new attempt meets the same trouble, so it can't end between the two.
    expect(new Set(await Promise.all([retry(), retry()]))).toEqual(new Set([202, 409]));
    expect(await details(id)).toMatchObject({ attempt: 2, errors: null });
    await client.call('POST', `/assets/${id}/cancel`);
    await client.verdict(id);
  });

  it('sets the asset canceled within 60 s of temporal workflow terminate, and sends the event', async () => {
    const receiver = await startReceiver();
    // A workflow of our type that was started by hand does not disturb the reconciler, nor does another row.
    const stranger = ['-w', 'asset-not-a-uuid'];
    await stack.temporal(
      'workflow',
      'start',
      ...stranger,
      '--type',
      'validateAsset',
      '--task-queue',
      'nowhere',
    );
    await stack.temporal('workflow', 'terminate', ...stranger);
    const other = await submitTroubled();
    const id = await submitTroubled({ onCancel: receiver.url });
    await stack.temporal('workflow', 'terminate', '-w', `asset-${id}`);
    expect(await client.verdict(id, 60_000)).toEqual({ id, state: 'canceled' });
    expect((await details(id)).steps.map(({ state }) => state)).toEqual(Array(5).fill('skipped'));
    await eventually(() => receiver.events.length === 1);
    await client.call('POST', `/assets/${other}/cancel`);
    await client.verdict(other);
    await receiver.close();
  });

  it('cancels an asset that waits for a worker', async () => {
    stack.worker.signal('SIGKILL');
    await stack.worker.ended();
    const queued = await client.submit('./assets/rocket.jpg');
    expect((await client.call('POST', `/assets/${queued}/cancel`)).status).toBe(202);
    expect(await client.verdict(queued, 1_000)).toEqual({ id: queued, state: 'canceled' });
    expect((await details(queued)).steps.every((step) => step.state === 'skipped')).toBe(true);

    const dispatched = await client.submit('./assets/rocket.jpg');
    await eventually(async () => {
      const [row] = await stack.database.query<{ dispatched_at: unknown }>(
        'SELECT dispatched_at FROM assets WHERE id = ?',
        [dispatched],
      );
      return row?.dispatched_at !== null;
    });
    expect((await client.call('POST', `/assets/${dispatched}/cancel`)).status).toBe(202);
    expect((await client.read(`/assets/${dispatched}`)).state).toBe('queued');
    await eventually(async () => {
      const rows = await stack.database.query(
        'SELECT 1 FROM assets WHERE id = ? AND cancel_signaled_at IS NOT NULL',
        [dispatched],
      );
      return rows.length === 1;
    });
    await stack.startWorker();
    expect(await client.verdict(dispatched)).toEqual({ id: dispatched, state: 'canceled' });
  });

  it('validates again after a reset to the first, a middle and the last task of a closed run', async () => {
    const path = join(dir, 'reset.jpg');
    await copyFile('assets/retina.jpg', path);
    const id = await client.submit(path);
    expect((await client.verdict(id)).state).toBe('failed');
    await copyFile('assets/rocket.jpg', path);
    let attempt = 1;
    for (const pick of [first, middle, last]) {
      const { runId, events } = await eventually(async () => {
        const run = await readRun(id);
        return run.isClosed && run;
      });
      const event = pick(events);
      await reset(id, runId, event);
      attempt += 1;
      const again = await eventually(async () => {
        const asset = await details(id);
        return (
          asset.attempt === attempt && asset.state !== 'in_progress' && asset.state !== 'queued' && asset
        );
      });
      expect(again, `reset to event ${event}`).toMatchObject({ attempt });
      if (attempt === 2) expect(again.state).toBe('complete');
    }
  });

  it('lets a reset of a running workflow take the asset over', async () => {
    const id = await submitTroubled();
    const { runId, events } = await readRun(id);
    for (const event of events) await reset(id, runId, event);
    const taken = await eventually(async () => {
      const asset = await details(id);
      return asset.attempt > 1 && asset;
    });
    expect(taken.runId).not.toBe(runId);
    await client.call('POST', `/assets/${id}/cancel`);
    expect(await client.verdict(id)).toEqual({ id, state: 'canceled' });
  });

  it('is complete by a retry after the file was fixed', async () => {
    const path = join(dir, 'fixed.jpg');
    await writeFile(path, (await readFile('assets/rocket.jpg')).subarray(0, 50_000));
    const id = await client.submit(path);
    expect((await client.verdict(id)).errors).toEqual({
      asset: ['Asset is not a readable image: truncated.'],
    });
    await copyFile('assets/rocket.jpg', path);
    expect((await client.call('POST', `/assets/${id}/retry`)).status).toBe(202);
    expect(await client.verdict(id)).toEqual({ id, state: 'complete' });
    expect(await details(id)).toMatchObject({ attempt: 2, errors: null });
  });

  it('reaches the verdict within 3 s whatever the receivers do', async () => {
    const refusing = await startReceiver();
    await refusing.close();
    const hanging = await startReceiver(() => undefined);
    const failing = await startReceiver((_event, res) => {
      res.writeHead(500).end();
    });
    for (const { url } of [refusing, hanging, failing]) {
      const id = await client.submit('./assets/rocket.jpg', {
        onStart: `${url}/s`,
        onSuccess: `${url}/e`,
        onFailure: url,
      });
      expect(await client.verdict(id, 3_000)).toEqual({ id, state: 'complete' });
      const tried = await eventually(
        async () => {
          const { deliveries } = await details(id);
          return deliveries.every((delivery) => delivery.tries.length > 0) && deliveries;
        },
        { what: 'the first tries' },
      );
      expect(tried.map(({ event, state }) => [event, state])).toEqual([
        ['onStart', 'pending'],
        ['onSuccess', 'pending'],
      ]);
    }
    await Promise.all([hanging.close(), failing.close()]);
  });

  it('delivers again after a receiver has come back, with the same webhook-id and body', async () => {
    let isDown = true;
    const receiver = await startReceiver((_event, res) => {
      res.writeHead(isDown ? 503 : 200).end();
    });
    const id = await client.submit('./assets/rocket.jpg', { onSuccess: receiver.url });
    await eventually(() => receiver.events.length > 0);
    isDown = false;
    await eventually(() => receiver.events.length === 2, { what: 'the second try' });
    const [first, second] = receiver.events;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
    // The schedule's first delay is 5 s, give or take a tenth.
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(4_400);
    await eventually(async () => (await details(id)).deliveries[0]?.state === 'delivered');
    expect((await details(id)).deliveries[0]?.tries.map((tryMade) => tryMade.status)).toEqual([503, 200]);
    await receiver.close();
  });

  /** The current run of an asset's workflow. `events`: those that it can be reset to, which are its workflow tasks. */
  async function readRun(id: string) {
    const { runId } = await details(id);
    const history = JSON.parse(
      await stack.temporal('workflow', 'show', '-w', `asset-${id}`, '-r', runId, '--output', 'json'),
    ) as {
      events: { eventId: string; eventType: string }[];
    };
    const events = history.events
      .filter(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED')
      .map(({ eventId }) => eventId);
    const isClosed = history.events.at(-1)?.eventType === 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED';
    return { runId, events, isClosed };
  }

  /** Names the run, because the events of another run may have other ids. */
  async function reset(id: string, runId: string, event: string): Promise<void> {
    await stack.temporal(
      'workflow',
      'reset',
      '-w',
      `asset-${id}`,
      '-r',
      runId,
      '--event-id',
      event,
      '--reason',
      'try again',
    );
  }
});

const first = (events: string[]) => events[0] ?? '';
const middle = (events: string[]) => events[Math.floor(events.length / 2)] ?? '';
const last = (events: string[]) => events.at(-1) ?? '';
