import { Client, Connection, type ConnectionLike, type ConnectionOptions } from '@temporalio/client';

/** Every call that someone waits for ends within this time, whatever state the server is in. */
export const CALL_DEADLINE_MS = 5_000;

/** gRPC would wait up to two minutes before it looks for a lost server again. */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': 2_000 };

/** Connects at the first call and again after every loss: an API starts and serves without Temporal. */
export function connectLazily(options: ConnectionOptions, namespace: string): Client {
  return createClient(Connection.lazy({ ...options, channelArgs: RECONNECT }), namespace);
}

/** With a worker's own connection, starts can be eager: the first task comes back with the answer. */
export function createClient(connection: ConnectionLike, namespace: string): Client {
  return new Client({ connection, namespace });
}
