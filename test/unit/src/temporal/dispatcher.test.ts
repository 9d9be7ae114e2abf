import type { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../../src/domain/policy.ts';
import type { AssetToDispatch, DispatchQueue } from '../../../../src/domain/ports/dispatch.ts';
import { startDispatcher } from '../../../../src/temporal/dispatcher.ts';
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

/** A dispatcher of a queue that has no chores unless it is given some. */
function dispatch(
  queue: Partial<DispatchQueue>,
  { start, onError }: { start: () => Promise<void>; onError: (error: unknown) => void },
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
