import type { Server } from 'node:http';
import { setImmediate as endOfTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Traffic } from './traffic.ts';

/** After this time without a request, load balancers count as gone. A shorter `delayMs` replaces it: then none is expected. */
const QUIET_MS = 1_000;
const LOOK_EVERY_MS = 50;
/** A client without a load balancer may never be quiet. */
const QUIET_WITHIN_MS = 10_000;
/** A connection that brings no request is left for this long after listening has stopped. */
const SILENT_MS = 1_000;
/** Requests under way may take this long from the end of the delay. */
const DRAIN_MS = 25_000;

export interface DrainOptions {
  readonly server: Server;
  readonly traffic: Traffic;
  /** How long load balancers may take to see that `/readyz` says no. */
  readonly delayMs: number;
}

/**
 * Stops a server without losing a request:
 *
 * | state     | lasts                                          | a request is                                  |
 * | draining  | `delayMs`                                      | answered; the answer closes its connection    |
 * | emptying  | until no request has come for 1 s, at most 10 s | answered, because a load balancer may be late |
 * | accepting | until no connection waits                      | answered                                      |
 * | closed    | until all are answered, at most 25 s with both above | refused, so a client may send it elsewhere |
 *
 * A connection without any request is cut 1 s after listening has stopped. Returns false if requests still came when it
 * closed.
 */
export async function drain({ server, traffic, delayMs }: DrainOptions): Promise<boolean> {
  traffic.drain();
  await sleep(delayMs);
  const begin = performance.now();
  const patience = begin + QUIET_WITHIN_MS;
  const quietMs = Math.min(QUIET_MS, delayMs);
  const isQuiet = () => performance.now() - traffic.lastRequestAt() >= quietMs;
  while (!isQuiet() && performance.now() < patience) await sleep(LOOK_EVERY_MS);
  await acceptWaiting(server, patience);

  const wasQuiet = isQuiet();
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  // For Node, a connection is idle only after its first request.
  const silence = setTimeout(traffic.closeSilent, SILENT_MS);
  const deadline = setTimeout(() => server.closeAllConnections(), begin + DRAIN_MS - performance.now());
  await closed;
  clearTimeout(silence);
  clearTimeout(deadline);
  return wasQuiet;
}

/**
 * The operating system completes connections before we accept them. When listening stops, it resets those that still wait.
 * Node accepts one connection in a turn of the event loop, and reads its request in the next. So this loop goes on until a
 * turn brings neither.
 */
async function acceptWaiting(server: Server, until: number): Promise<void> {
  let arrivals = 0;
  const count = () => {
    arrivals += 1;
  };
  server.on('connection', count).on('request', count);
  let before: number;
  do {
    before = arrivals;
    await endOfTurn();
    await endOfTurn();
  } while (arrivals !== before && performance.now() < until);
  server.off('connection', count).off('request', count);
}
