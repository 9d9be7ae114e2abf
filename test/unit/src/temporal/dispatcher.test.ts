import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_POLICY } from '../../../../src/domain/policy.ts';
import type {
  AssetToDispatch,
  DispatchQueue,
  OverdueDelivery,
} from '../../../../src/domain/ports/dispatch.ts';
import { type Dispatcher, startDispatcher } from '../../../../src/temporal/dispatcher.ts';
import { eventually } from '../../../support/eventually.ts';

const asset = (id: string): AssetToDispatch => ({
  id,
  tenant: 'tenant',
  attempt: 1,
  assetPath: { location: 'local', path: 'x.jpg' },
  shownPath: 'x.jpg',
  webhookKeys: [],
  policy: DEFAULT_POLICY,
  sha256: null,
  needs: 1,
});

type Start = (type: string, options: { workflowId: string }) => Promise<void>;

/** A dispatcher of a queue that has no chores unless it is given some. */
function dispatch(
  queue: Partial<DispatchQueue>,
  { start, onError }: { start: Start; onError: (error: unknown) => void },
) {
  const client = {
    withDeadline: (_deadline: number, call: () => unknown) => call(),
    workflow: { start },
  };
  return startDispatcher({
    queue: {
      overdueDeliveries: () => Promise.resolve([]),
      cancelsToSignal: () => Promise.resolve([]),
      ...queue,
    } as DispatchQueue,
    client: client as unknown as Client,
    stepExecution: 'local',
    eager: false,
    mayStart: () => Promise.resolve(true),
    turns: null,
    onError,
  });
}

/** As the client throws it if a shard of Temporal gives no answer. */
function noAnswer(): Error {
  return Object.assign(new Error('deadline'), { code: 4, details: 'Deadline exceeded', metadata: {} });
}

describe('the dispatcher beside a failing shard of Temporal', () => {
  let waiting: AssetToDispatch[];
  let started: string[];
  let putOffMs: number[];
  let failing: Promise<never>;
  let overdue: OverdueDelivery[];
  let dispatcher: Dispatcher;

  beforeEach(() => {
    vi.useFakeTimers();
    [waiting, started, putOffMs, overdue] = [[], [], [], []];
    const queue: Partial<DispatchQueue> = {
      lease: (count) => Promise.resolve(waiting.splice(0, count)),
      markDispatched: ({ id }) => Promise.resolve(void started.push(id)),
      release: (_asset, afterMs) => Promise.resolve(void putOffMs.push(afterMs)),
      overdueDeliveries: () => Promise.resolve(overdue.splice(0)),
      // Another process was quicker.
      markHandedOver: () => Promise.resolve(null),
    };
    const start: Start = (_type, { workflowId }) =>
      workflowId.includes('failing') ? failing : Promise.resolve();
    dispatcher = dispatch(queue, { start, onError: () => undefined });
  });
  afterEach(() => void vi.useRealTimers());

  async function accept(...ids: string[]): Promise<void> {
    waiting.push(...ids.map(asset));
    dispatcher.wake();
    await vi.advanceTimersByTimeAsync(1);
  }

  it('goes on with other starts at once', async () => {
    failing = Promise.reject(noAnswer());
    failing.catch(() => undefined);
    await accept('first');
    await accept('failing', 'second');
    await accept('failing', 'third');
    expect(started).toEqual(['first', 'second', 'third']);
    expect(putOffMs).toEqual([1_000, 2_000]);
    await Promise.all([dispatcher.stop(), vi.advanceTimersByTimeAsync(10_000)]);
  });

  it('takes a delivery that another process has handed over for no sign that Temporal answers', async () => {
    failing = Promise.reject(noAnswer());
    failing.catch(() => undefined);
    overdue.push({ id: 'delivery', tenant: 'tenant', url: 'https://receiver.example', endpointId: 'one' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(overdue).toEqual([]);
    await accept('failing');
    await accept('second');
    expect(started).toEqual([]);
    await Promise.all([dispatcher.stop(), vi.advanceTimersByTimeAsync(10_000)]);
  });

  it('goes on with other starts while many wait for the shard', async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    failing = promise;
    await accept(...Array.from({ length: 20 }, (_, index) => `failing ${index}`), 'last');
    await vi.advanceTimersByTimeAsync(4_000);
    expect(started).toEqual(['last']);
    reject(noAnswer());
    await Promise.all([dispatcher.stop(), vi.advanceTimersByTimeAsync(10_000)]);
  });
});

describe('the dispatcher', () => {
  it('starts validations while deliveries or requests to cancel take long', async () => {
    const waiting: AssetToDispatch[] = [asset('first')];
    const started: string[] = [];
    const chores = Promise.withResolvers<never[]>();
    let hasChores = false;
    const errors: unknown[] = [];
    const dispatcher = dispatch(
      {
        lease: () => Promise.resolve(waiting.splice(0)),
        markDispatched: ({ id }) => Promise.resolve(void started.push(id)),
        cancelsToSignal() {
          hasChores = true;
          return chores.promise;
        },
      },
      { start: () => Promise.resolve(), onError: (error) => void errors.push(error) },
    );
    await eventually(() => hasChores && started.includes('first'), { what: 'the first round' });
    waiting.push(asset('second'));
    dispatcher.wake();
    await eventually(() => started.includes('second'), { what: 'a start beside the chores' }).finally(() =>
      chores.resolve([]),
    );
    await dispatcher.stop();
    expect(errors).toEqual([]);
  });

  it('gives up an asset whose start is refused again and again', async () => {
    const refused = asset('refused');
    let refusals = 0;
    let givenUpAfter = 0;
    const dispatcher = dispatch(
      {
        lease: () => Promise.resolve(givenUpAfter === 0 ? [refused] : []),
        release: () => Promise.resolve(),
        giveUp: ({ id }) => Promise.resolve(void (givenUpAfter = id === refused.id ? refusals : 0)),
      },
      {
        start() {
          refusals += 1;
          return Promise.reject(new TypeError('A value of another shape'));
        },
        onError: () => undefined,
      },
    );
    await eventually(() => givenUpAfter > 0, { what: 'an end' });
    await dispatcher.stop();
    expect(givenUpAfter).toBeGreaterThanOrEqual(20);
  });
});
