import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const BUSY = 'HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';

/** `busy` answers 503. `resets` ends each connection in the middle of its first answer. */
type Mode = 'works' | 'busy' | 'resets';

export interface FlakyProxy {
  readonly endpoint: string;
  /** How many connections met each mode. */
  readonly met: Readonly<Record<Mode, number>>;
  /** Open connections end. */
  become(mode: Mode): void;
  close(): void;
}

/** Stands in front of a server, byte by byte, so that signed requests stay valid. */
export async function startFlakyProxy(target: string): Promise<FlakyProxy> {
  const { hostname, port } = new URL(target);
  const met = { works: 0, busy: 0, resets: 0 };
  const sockets = new Set<Socket>();
  let mode: Mode = 'works';

  function pass(socket: Socket, resetsLater: boolean): void {
    const onward = connect(Number(port), hostname);
    onward.on('error', () => socket.destroy());
    socket.once('close', () => onward.destroy());
    onward.once('close', () => socket.destroy());
    socket.pipe(onward);
    if (!resetsLater) onward.pipe(socket);
    else
      onward.once('data', (head: Buffer) =>
        socket.write(head.subarray(0, head.length / 2), () => socket.resetAndDestroy()),
      );
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    met[mode] += 1;
    if (mode === 'busy') socket.once('data', () => socket.end(BUSY));
    else pass(socket, mode === 'resets');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    met,
    become(next) {
      mode = next;
      end();
    },
    close() {
      server.close();
      end();
    },
  };
}
