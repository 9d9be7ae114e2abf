import { once } from 'node:events';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface RawReceiver {
  readonly url: string;
  /** The sender's ends of the connections to this receiver. */
  readonly connections: readonly Socket[];
  close(): Promise<void>;
}

/** The end of a webhook's body. */
const END_OF_REQUEST = '}';

/** A receiver that speaks no HTTP of its own. `answer` writes the bytes of each answer. */
export async function startRawReceiver(answer: (socket: Socket) => void): Promise<RawReceiver> {
  const accepted = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    accepted.add(socket);
    // A sender that cuts the connection is what most tests wait for.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => accepted.delete(socket));
    socket.on('data', (received: Buffer) => {
      if (received.toString().endsWith(END_OF_REQUEST)) answer(socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const connections: Socket[] = [];
  const watch = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    if (socket.remotePort === port) connections.push(socket);
  };
  subscribe('undici:client:connected', watch);
  return {
    url: `http://127.0.0.1:${port}`,
    connections,
    async close() {
      unsubscribe('undici:client:connected', watch);
      for (const socket of accepted) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Writes `block` again and again, for as long as the other end takes it. */
export function pour(socket: Socket, block: string): void {
  const bytes = Buffer.from(block.repeat(Math.ceil((16 * 1024) / block.length)));
  const write = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', write);
  write();
}
