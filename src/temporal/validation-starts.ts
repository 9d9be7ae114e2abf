import { KNOWN_BY_ALL, KNOWS } from '../domain/needs.ts';
import type { AssetToDispatch, DispatchQueue } from '../domain/ports/dispatch.ts';
import { foreignWorkflow } from './executions.ts';
import { createRoom } from './room.ts';
import type { Setbacks } from './setbacks.ts';
import { type StartOptions, startValidation } from './start-validation.ts';
import { concernsAll } from './trouble.ts';

/** How many starts are under way at once. Measured: more of them only wait for each other. */
const CONCURRENT_STARTS = 8;

/** Each lease is a query. While there is much to do, one query leases at least this many rows. */
const MIN_LEASE = CONCURRENT_STARTS / 2;

/**
 * A start that takes longer may wait for its shard of Temporal. It takes no place from other starts then. The room still counts
 * it, and without a room there are some 80 of them at most, because each ends within 10 s.
 */
const SLOW_START_MS = 1_000;

/** How long Temporal is left alone after a start that failed because Temporal or Postgres is away. */
const PAUSE_MS = 1_000;

/** How soon a start is tried again while another attempt's workflow closes. Closing takes a few webhook tries, at most 1 s. */
const CLOSING_RETRY_MS = 500;

/** While the room is full, how often to look whether a tenant waits that does not have its share of it. */
export const LOOK_FOR_OTHERS_MS = 50;

interface ValidationStartsDeps extends StartOptions {
  readonly queue: DispatchQueue;
  readonly setbacks: Setbacks;
  /** Called after every start that has ended, because there is room for another. */
  readonly onRoom: () => void;
  readonly onError: (error: unknown, doing: string, id?: string) => void;
}

/** Starts workflows for the rows that wait for one, no faster than Temporal and the workers can take them. */
export function createValidationStarts({
  queue,
  setbacks,
  onRoom,
  onError,
  ...options
}: ValidationStartsDeps) {
  let pausedUntil = 0;
  let leasedAt = -LOOK_FOR_OTHERS_MS;
  const starting = new Set<Promise<void>>();
  /** Those of them that are not slow. */
  let quick = 0;
  const room = createRoom();
  // A workflow that is not started eagerly may go to a worker of any version.
  const knows = options.eager ? KNOWS : KNOWN_BY_ALL;

  async function dispatch(asset: AssetToDispatch): Promise<void> {
    try {
      if (performance.now() < pausedUntil) return await queue.release(asset, pausedUntil - performance.now());
      // Without workers in this process, nobody would say when it has ended.
      if (options.eager) room.started(asset.id, asset.tenant);
      const heldBy = await startValidation(options, asset, (workflowId) =>
        onError(foreignWorkflow(workflowId), 'starting a workflow', asset.id),
      );
      if (heldBy === null) {
        room.ended(asset.id);
        return await queue.release(asset, setbacks.add(asset.id, undefined, CLOSING_RETRY_MS));
      }
      await queue.markDispatched({ id: asset.id, attempt: asset.attempt, heldBy });
      setbacks.forget(asset.id);
    } catch (error) {
      // A start that Temporal refuses, or that one of its shards does not answer, delays no other start.
      if (setbacks.concernsAll(error)) pausedUntil = performance.now() + PAUSE_MS;
      room.ended(asset.id);
      onError(error, 'starting a workflow', asset.id);
      await putOff(asset, error).catch(() => undefined);
    }
  }

  /** A start that Temporal refuses again and again ends its asset, but not before the end of the time for trouble. */
  async function putOff(asset: AssetToDispatch, error: unknown): Promise<void> {
    await queue.release(asset, setbacks.add(asset.id, error));
    if (!concernsAll(error) && setbacks.isLasting(asset.id)) await queue.giveUp(asset);
  }

  /** Leases rows for the room that there is: for everybody, or else for tenants that have less than their share. */
  async function lease(): Promise<AssetToDispatch[]> {
    const starts = CONCURRENT_STARTS - quick;
    if (starts < MIN_LEASE) return [];
    const free = options.eager ? Math.min(starts, room.free()) : starts;
    if (free >= MIN_LEASE) {
      leasedAt = performance.now();
      return queue.lease(free, { knows });
    }
    if (performance.now() - leasedAt < LOOK_FOR_OTHERS_MS) return [];
    const { count, except } = room.forOthers();
    if (count === 0) return [];
    leasedAt = performance.now();
    return queue.lease(Math.min(starts, count), { knows, except });
  }

  function start(asset: AssetToDispatch): void {
    let isQuick = true;
    quick += 1;
    const leave = () => {
      if (isQuick) quick -= 1;
      isQuick = false;
      onRoom();
    };
    const timer = setTimeout(leave, SLOW_START_MS);
    const ending = dispatch(asset).finally(() => {
      clearTimeout(timer);
      starting.delete(ending);
      leave();
    });
    starting.add(ending);
  }

  return {
    /** Whether a start failed a moment ago. */
    isPaused: (): boolean => performance.now() < pausedUntil,

    /** Whether there is room only for tenants that have less than their share. */
    isFull: (): boolean => options.eager && room.free() < MIN_LEASE,

    /** Leases as many rows as there is room for, and starts them. */
    async startWaiting(): Promise<void> {
      for (const asset of await lease()) start(asset);
    },

    /** A validation has ended in this process. */
    ended(assetId: string): void {
      if (room.ended(assetId)) onRoom();
    },

    /** Waits for the starts under way. */
    async settle(): Promise<void> {
      await Promise.all(starting);
    },
  };
}
