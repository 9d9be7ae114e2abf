import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Its thread waits, so it accepts nothing. After that it answers whatever it gets. */
const LISTENER = `
const { createServer } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('data', () => socket.end('HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n'));
});
server.listen({ host: workerData.host, port: workerData.port, backlog: 1 }, () => {
  parentPort.postMessage('listening');
  Atomics.wait(workerData.gate, 0, 0);
});`;

/** More than a backlog of one holds. */
const CONNECTIONS = 8;

export interface SilentPort {
  /** Whether it still swallows packets. */
  isSilent(): boolean;
  /** From now on it accepts connections, and answers 200. */
  answer(): void;
  close(): Promise<void>;
}

/** A port that swallows the packets of new connections, as a firewall does: its backlog is full, and nobody accepts. */
export async function startSilentPort(host: string, port: number): Promise<SilentPort> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const listener = new Worker(LISTENER, { eval: true, workerData: { host, port, gate } });
  await once(listener, 'message');
  const sockets = Array.from({ length: CONNECTIONS }, () => connect({ host, port }));
  for (const socket of sockets) socket.on('error', () => socket.destroy());
  const [first, last] = [sockets.at(0), sockets.at(-1)];
  if (first?.connecting === true) await once(first, 'connect');
  return {
    isSilent: () => last?.connecting === true,
    answer() {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await listener.terminate();
    },
  };
}
