import { type AddressInfo, createServer, type Socket } from 'node:net';

/** All sockets of a flood together get so many bytes a second: 100 Mbit/s, as from a receiver elsewhere. */
const BYTES_PER_S = 12_500_000;
const SEND_EVERY_MS = 10;

/** Gets the socket with the first bytes of each request. */
type Answer = (socket: Socket) => void;

export interface HostileReceivers {
  /** Each receiver has a port of its own, so it is an origin of its own. */
  readonly origins: readonly string[];
  /** Requests so far. */
  readonly requests: number;
  close(): Promise<void>;
}

export async function startHostileReceivers(count: number, answer: Answer): Promise<HostileReceivers> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.once('close', () => sockets.delete(socket));
        socket.on('data', (data) => {
          if (!/^(POST|GET|HEAD) /.test(data.toString('latin1', 0, 5))) return;
          requests += 1;
          answer(socket);
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  return {
    origins: servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    get requests() {
      return requests;
    },
    async close() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

interface Flood {
  readonly head: string;
  /** Comes again and again, without end. */
  readonly unit: string;
}

/** Answers that never end, each in another part of HTTP. */
export const FLOODS = {
  interim: { head: '', unit: 'HTTP/1.1 103 Early Hints\r\n\r\n' },
  headers: { head: 'HTTP/1.1 200 OK\r\n', unit: 'x: y\r\n' },
  extensions: { head: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;', unit: 'a' },
  body: { head: 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n', unit: 'a' },
} as const satisfies Record<string, Flood>;

/** Sends a flood to each socket, as fast as the bound of all of them lets it. */
export function answerWithFlood({ head, unit }: Flood): Answer {
  const most = Buffer.from(unit.repeat(Math.ceil(((BYTES_PER_S / 1000) * SEND_EVERY_MS) / unit.length)));
  const sockets = new Set<Socket>();
  let sending: NodeJS.Timeout | undefined;
  function send(): void {
    const units = Math.max(1, Math.floor(most.length / unit.length / sockets.size));
    const piece = most.subarray(0, units * unit.length);
    for (const socket of sockets) {
      if (!socket.writableNeedDrain) socket.write(piece);
    }
  }
  return (socket) => {
    socket.write(head);
    sockets.add(socket);
    sending ??= setInterval(send, SEND_EVERY_MS);
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size > 0) return;
      clearInterval(sending);
      sending = undefined;
    });
  };
}

/** Sends a body that would take a day, a byte a second. */
export function answerByteByByte(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
  const dripping = setInterval(() => socket.write('x'), 1_000);
  socket.once('close', () => clearInterval(dripping));
}

/** Sends the same to each request, and ends the connection. */
export function answerWith(head: string, body: string | Buffer = ''): Answer {
  return (socket) => {
    socket.write(head);
    socket.end(body);
  };
}

/** Sends a whole answer after some time. */
export function answerAfter(ms: number, status: string): Answer {
  const answer = `HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`;
  return (socket) => {
    setTimeout(() => {
      if (!socket.destroyed) socket.write(answer);
    }, ms);
  };
}
