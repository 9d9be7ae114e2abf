import { assetWorkflowId } from '../../workflows/contract.ts';
import type { AssetToDispatch, DispatchQueue } from '../domain/ports/dispatch.ts';
import { type StartOptions, startValidation } from './start-validation.ts';

/** How many starts are under way at once. Measured: more of them only wait for each other. */
const CONCURRENT_STARTS = 8;

/**
 * Validations that a worker's own dispatcher keeps under way before it starts more. Without this bound, a backlog fills the
 * worker with first tasks. They all run late, and some time out and run again. Measured over 1,500 assets: 46 assets/s, no
 * first webhook late; without it 40, 157 of 3,000 late.
 */
const MAX_UNDER_WAY = 16;

/** A validation that has not ended after this long waits for something other than this worker's processor. */
const UNDER_WAY_FOR_MS = 5_000;

/** How long Temporal is left alone after a failed start. */
const PAUSE_MS = 1_000;

/** How soon a start is tried again while another attempt's workflow closes. Closing takes a few webhook tries, at most 1 s. */
const CLOSING_RETRY_MS = 500;

interface ValidationStartsDeps extends StartOptions {
  readonly queue: DispatchQueue;
  /** Called after every start that has ended, because there is room for another. */
  readonly onRoom: () => void;
  readonly onError: (error: unknown, doing: string) => void;
}

/** Starts workflows for the rows that wait for one, no faster than Temporal and the workers can take them. */
export function createValidationStarts({ queue, onRoom, onError, ...options }: ValidationStartsDeps) {
  let pausedUntil = 0;
  const starting = new Set<Promise<void>>();
  /** Ids of the assets whose validations are under way in this process, and when each was started. */
  const underWay = new Map<string, number>();

  function countRoom(): number {
    const since = Date.now() - UNDER_WAY_FOR_MS;
    for (const [id, startedAt] of underWay) if (startedAt < since) underWay.delete(id);
    const free = CONCURRENT_STARTS - starting.size;
    return options.eager ? Math.min(free, MAX_UNDER_WAY - underWay.size) : free;
  }

  async function dispatch(asset: AssetToDispatch): Promise<void> {
    try {
      if (Date.now() < pausedUntil) return await queue.release(asset, pausedUntil - Date.now());
      underWay.set(asset.id, Date.now());
      const heldBy = assetWorkflowId(asset.id);
      if (await startValidation(options, heldBy, asset))
        await queue.markDispatched({ id: asset.id, attempt: asset.attempt, heldBy });
      else await queue.release(asset, CLOSING_RETRY_MS);
    } catch (error) {
      pausedUntil = Date.now() + PAUSE_MS;
      underWay.delete(asset.id);
      onError(error, 'starting a workflow');
      await queue.release(asset, PAUSE_MS).catch(() => undefined);
    }
  }

  return {
    /** Whether a start failed a moment ago. */
    isPaused: (): boolean => Date.now() < pausedUntil,

    /** Leases as many rows as there is room for, and starts them. */
    async startWaiting(): Promise<void> {
      const room = countRoom();
      // Each lease is a query. While there is much to do, one query leases several rows.
      if (room < CONCURRENT_STARTS / 2) return;
      for (const asset of await queue.lease(room)) {
        const start = dispatch(asset).finally(() => {
          starting.delete(start);
          onRoom();
        });
        starting.add(start);
      }
    },

    /** A validation has ended in this process. */
    ended(assetId: string): void {
      if (underWay.delete(assetId)) onRoom();
    },

    /** Waits for the starts under way. */
    async settle(): Promise<void> {
      await Promise.all(starting);
    },
  };
}
