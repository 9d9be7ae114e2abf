import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';

export interface WebServer {
  readonly port: number;
  /** Of 127.0.0.1, without a slash at its end. */
  readonly url: string;
  /** Connections that are open now. */
  readonly open: ReadonlySet<Socket>;
  /** Connections so far. */
  readonly accepted: number;
  close(): Promise<void>;
}

/** A real web server on loopback. */
export function startWebServer(
  answer: RequestListener,
  { host = '127.0.0.1', tls }: { host?: string; tls?: ServerOptions } = {},
): Promise<WebServer> {
  const server = tls === undefined ? createHttpServer(answer) : createHttpsServer(tls, answer);
  return listen(server, host, tls === undefined ? 'http' : 'https');
}

/** A server that speaks no HTTP of its own. `answer` gets the socket when the head of a request has come. */
export function startRawWebServer(answer: (socket: Socket) => void): Promise<WebServer> {
  const server = createTcpServer({ noDelay: true }, (socket) => {
    socket.on('data', (received: Buffer) => {
      if (received.toString('latin1').endsWith('\r\n\r\n')) answer(socket);
    });
  });
  return listen(server, '127.0.0.1', 'http');
}

async function listen(server: Server, host: string, scheme: string): Promise<WebServer> {
  const open = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    open.add(socket);
    // Clients that cut the connection are what some tests wait for.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    open,
    get accepted() {
      return accepted;
    },
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
