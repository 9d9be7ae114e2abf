import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Time for an address to answer before the next one is tried as well (RFC 8305, 5). A first try has one second in all. */
const NEXT_ADDRESS_MS = 250;

const KEEP_ALIVE_AFTER_MS = 60_000;

interface Target {
  readonly port: number;
  readonly timeoutMs: number;
}

export interface Connection {
  readonly address: string;
  readonly socket: Socket;
}

/**
 * Connects to the address that answers first. An address is tried when the one before it has failed, or has not answered for a
 * moment. The attempt before goes on meanwhile, because a slow address may be the only good one. @throws the failure of the last one
 */
export async function connectToFirst(addresses: readonly string[], target: Target): Promise<Connection> {
  const isOver = new AbortController();
  const attempts: Promise<Connection>[] = [];
  let first: Connection | null = null;
  try {
    for (const address of addresses) {
      const attempt = open(address, target, isOver.signal);
      attempts.push(attempt);
      first = await Promise.race([
        Promise.any(attempts).catch(() => null),
        attempt.catch(() => null),
        wait(NEXT_ADDRESS_MS, isOver.signal),
      ]);
      if (first !== null) return first;
    }
    first = await Promise.any(attempts);
    return first;
  } catch (error) {
    throw error instanceof AggregateError ? error.errors.at(-1) : error;
  } finally {
    isOver.abort();
    // Two may have connected at the same moment.
    for (const other of await Promise.allSettled(attempts))
      if (other.status === 'fulfilled' && other.value !== first) other.value.socket.destroy();
  }
}

async function open(address: string, { port, timeoutMs }: Target, isOver: AbortSignal): Promise<Connection> {
  const socket = connect({
    host: address,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
  });
  // An error that comes while nobody uses the socket would end the process. Its next user sees that it is closed.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect', { signal: AbortSignal.any([isOver, AbortSignal.timeout(timeoutMs)]) });
    return { address, socket };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Null after this time, or when nobody waits any more. */
function wait(ms: number, isOver: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, null);
    isOver.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
