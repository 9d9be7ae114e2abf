import { Client, Connection, type ConnectionLike, type ConnectionOptions } from '@temporalio/client';

/**
 * Every call ends within this time, whatever state the server is in. `withDeadline` takes a time of the wall clock, and both
 * connections turn it back into a duration when the call begins. So a later step of that clock does not move the deadline.
 */
export const CALL_DEADLINE_MS = 5_000;

/** Without these, gRPC waits up to two minutes before it looks for a lost server again. */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': 2_000 };

/** Connects at the first call, and again after every loss. So an API starts and serves without Temporal. */
export function connectLazily(options: ConnectionOptions, namespace: string): Client {
  return createClient(Connection.lazy({ ...options, channelArgs: RECONNECT }), namespace);
}

/** A client on a worker's own connection can start workflows eagerly: the answer brings their first task. */
export function createClient(connection: ConnectionLike, namespace: string): Client {
  return new Client({ connection, namespace });
}
