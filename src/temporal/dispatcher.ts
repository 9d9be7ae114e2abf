import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import {
  assetWorkflowId,
  cancelSignal,
  DELIVER_WEBHOOK,
  type DeliverWebhookInput,
  deliveryWorkflowId,
  stateAttribute,
  TASK_QUEUE,
  tryNowSignal,
  VALIDATE_ASSET,
  type ValidateAssetInput,
  type ValidateAssetMemo,
  type ValidateAssetResult,
  WEBHOOK_TASK_QUEUE,
} from '../../workflows/contract.ts';
import type { StepExecution } from '../domain/asset.ts';
import type { AssetToDispatch, DispatchQueue } from '../domain/ports/dispatch.ts';
import { isDefaultPolicy, planFor } from '../domain/policy.ts';
import type { WebhookTurns } from '../domain/ports/webhooks.ts';
import { CALL_DEADLINE_MS } from './client.ts';

/** Starts under way at once: measured, more of them only wait for each other. */
const CONCURRENT_STARTS = 8;

/**
 * Validations that a worker's own dispatcher lets it have under way before it starts more. Without this bound a backlog
 * fills the worker with first tasks that all run late, and some time out and run again. Measured over 1,500 assets:
 * 46 assets/s, no first webhook late; without it 40, 157 of 3,000 late.
 */
const MAX_UNDER_WAY = 16;

/** A validation that has not ended after this long is waiting for something else than this worker's processor. */
const UNDER_WAY_FOR_MS = 5_000;

/** Wake-ups may be lost; this is how long work waits then. */
const POLL_MS = 1_000;

/** Cancels and overdue deliveries are looked for at most this often. */
const CHORES_EVERY_MS = 250;

/** After a failed start Temporal is left alone for this long. */
const PAUSE_MS = 1_000;

/** Another attempt's workflow is still closing: it has a few webhook tries left, a second at most. */
const CLOSING_RETRY_MS = 500;

/** No validation takes longer: 24 h of retries a step, steps in a row. Ends a workflow that can't make progress. */
const EXECUTION_TIMEOUT = '4 days';

type ValidateAsset = (input: ValidateAssetInput) => Promise<ValidateAssetResult>;

export interface DispatcherDeps {
  readonly queue: DispatchQueue;
  readonly client: Client;
  readonly stepExecution: StepExecution;
  /** Whether workers share this process and its connection: starts are eager then. */
  readonly eager: boolean;
  /** Whether this process is to start workflows now. */
  readonly mayStart: () => Promise<boolean>;
  /** Which deliveries would get no try now. Only who sends knows: elsewhere null. */
  readonly turns: Pick<WebhookTurns, 'blockedForMs' | 'blockedTenants'> | null;
  readonly onError: (error: unknown, doing: string) => void;
}

export interface Dispatcher {
  /** There may be work. */
  wake(): void;
  /** A validation has ended in this process. */
  ended(assetId: string): void;
  /** Ends after the starts under way. */
  stop(): Promise<void>;
}

/**
 * Brings what is committed in Postgres to Temporal: workflows for rows not dispatched yet, signals for requests to
 * cancel, delivery workflows for events that no workflow holds. Rows are leased in a transaction of their own and
 * never locked across a call to Temporal. Temporal down: rows wait.
 */
export function startDispatcher({
  queue,
  client,
  stepExecution,
  eager,
  mayStart,
  turns,
  onError,
}: DispatcherDeps): Dispatcher {
  let stopped = false;
  let rouse: (() => void) | undefined;
  let isAwake = false;
  let pausedUntil = 0;
  let choresAt = 0;
  const starting = new Set<Promise<void>>();
  /** Validations under way in this process, with their time of start. */
  const underWay = new Map<string, number>();

  async function run(): Promise<void> {
    while (!stopped) {
      isAwake = false;
      try {
        if (Date.now() >= pausedUntil && (await mayStart())) {
          await startWaiting();
          if (Date.now() >= choresAt) await doChores();
        }
      } catch (error) {
        onError(error, 'looking for work');
      }
      await idle();
    }
    await Promise.all(starting);
  }

  /** Leases as many rows as there is room for and starts them; each start that ends looks for more. */
  async function startWaiting(): Promise<void> {
    const count = room();
    // Single rows would cost a query each: while there is much to do, a few are fetched together.
    if (count < CONCURRENT_STARTS / 2) return;
    const assets = await queue.lease(count);
    for (const asset of assets) {
      const start = dispatch(asset).finally(() => {
        starting.delete(start);
        wake();
      });
      starting.add(start);
    }
  }

  function room(): number {
    const since = Date.now() - UNDER_WAY_FOR_MS;
    for (const [id, startedAt] of underWay) if (startedAt < since) underWay.delete(id);
    const free = CONCURRENT_STARTS - starting.size;
    return eager ? Math.min(free, MAX_UNDER_WAY - underWay.size) : free;
  }

  async function dispatch(asset: AssetToDispatch): Promise<void> {
    try {
      if (Date.now() < pausedUntil) return await queue.release(asset, pausedUntil - Date.now());
      underWay.set(asset.id, Date.now());
      const heldBy = assetWorkflowId(asset.id);
      if (await startWorkflow(heldBy, asset))
        await queue.markDispatched({ id: asset.id, attempt: asset.attempt, heldBy });
      else await queue.release(asset, CLOSING_RETRY_MS);
    } catch (error) {
      pausedUntil = Date.now() + PAUSE_MS;
      underWay.delete(asset.id);
      onError(error, 'starting a workflow');
      await queue.release(asset, PAUSE_MS).catch(() => undefined);
    }
  }

  /** False while a workflow of another attempt holds the id. */
  async function startWorkflow(
    workflowId: string,
    { id, attempt, assetPath, webhookKeys, policy, sha256 }: AssetToDispatch,
  ): Promise<boolean> {
    const memo: ValidateAssetMemo = { attempt };
    try {
      await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
        client.workflow.start<ValidateAsset>(VALIDATE_ASSET, {
          workflowId,
          taskQueue: TASK_QUEUE,
          args: [
            {
              assetId: id,
              attempt,
              assetPath,
              webhookKeys,
              stepExecution,
              ...(!isDefaultPolicy(policy) && { policy: planFor(policy) }),
              ...(sha256 !== null && { sha256 }),
            },
          ],
          memo: { ...memo },
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
          workflowExecutionTimeout: EXECUTION_TIMEOUT,
          // Queries and cancellation wait for the running task: 5 s keeps that short.
          workflowTaskTimeout: '5 s',
          staticSummary: `${assetPath.path} (attempt ${attempt})`.slice(0, 200),
          typedSearchAttributes: [{ key: stateAttribute, value: 'in_progress' }],
          requestEagerStart: eager,
        }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      // A start whose answer was lost, or the run of an earlier attempt that has not closed yet.
      const { memo: running } = await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
        client.workflow.getHandle(workflowId).describe(),
      );
      return running?.['attempt'] === attempt;
    }
  }

  async function doChores(): Promise<void> {
    choresAt = Date.now() + CHORES_EVERY_MS;
    for (const asset of await queue.cancelsToSignal()) {
      if (await signalCancel(asset)) await queue.markCancelSignaled(asset);
    }
    const parked = new Set<string>();
    // What a tenant has beyond its minute stays overdue, unread: to move it would be an UPDATE of all of it each minute.
    for (const delivery of await queue.overdueDeliveries(turns?.blockedTenants())) {
      // Some of those before may have used up the minute meanwhile.
      if (parked.has(delivery.endpointId) || turns?.blockedTenants().has(delivery.tenant)) continue;
      const waitMs = turns?.blockedForMs(delivery) ?? 0;
      if (waitMs > 0) {
        // All of them at once: however many wait for a dead receiver, the others' come next.
        await queue.parkOverdue(delivery, waitMs);
        parked.add(delivery.endpointId);
        continue;
      }
      await handOver(delivery.id);
    }
  }

  /** If this process dies between mark and start, the reconciler finds no workflow and makes the delivery due again. */
  async function handOver(deliveryId: string): Promise<void> {
    const mark = await queue.markHandedOver(deliveryId);
    if (mark === null) return;
    try {
      await startDelivery(client, deliveryId);
    } catch (error) {
      await queue.unmarkHandedOver(deliveryId, mark).catch(() => undefined);
      throw error;
    }
  }

  /** False while there is no workflow to tell; the reconciler settles a row whose workflow is gone. */
  async function signalCancel({
    heldBy,
    reason,
  }: {
    heldBy: string;
    reason: string | null;
  }): Promise<boolean> {
    try {
      await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
        client.workflow.getHandle(heldBy).signal(cancelSignal, reason ?? undefined),
      );
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  function idle(): Promise<void> {
    if (isAwake || stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function wake(): void {
    isAwake = true;
    rouse?.();
  }

  const running = run();
  return {
    wake,
    ended(assetId) {
      if (underWay.delete(assetId)) wake();
    },
    async stop() {
      stopped = true;
      rouse?.();
      await running;
    },
  };
}

/** Hands a delivery to a workflow of its own, now; one that is there already ends its wait. */
async function startDelivery(client: Client, deliveryId: string): Promise<void> {
  await client.withDeadline(Date.now() + CALL_DEADLINE_MS, () =>
    client.workflow.signalWithStart<(input: DeliverWebhookInput) => Promise<void>>(DELIVER_WEBHOOK, {
      workflowId: deliveryWorkflowId(deliveryId),
      taskQueue: WEBHOOK_TASK_QUEUE,
      workflowTaskTimeout: '5 s',
      args: [{ deliveryId }],
      signal: tryNowSignal,
    }),
  );
}
