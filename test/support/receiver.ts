import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedEvent {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly at: number;
}

export interface TestReceiver {
  readonly url: string;
  readonly events: ReceivedEvent[];
  close(): Promise<void>;
}

/** Host under which the stack under test reaches this machine (in containers: host.docker.internal). */
const RECEIVER_HOST = process.env['RECEIVER_HOST'] ?? '127.0.0.1';

/** A real webhook receiver; `answer` decides what it does with each event, by default 200. */
export async function startReceiver(
  answer: (event: ReceivedEvent, res: ServerResponse) => void = (_event, res) => {
    res.end();
  },
): Promise<TestReceiver> {
  const events: ReceivedEvent[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const event = {
        path: req.url ?? '',
        headers: req.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        at: Date.now(),
      };
      events.push(event);
      answer(event, res);
    });
  });
  const host = RECEIVER_HOST === '127.0.0.1' ? '127.0.0.1' : '0.0.0.0';
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    url: `http://${RECEIVER_HOST}:${(server.address() as AddressInfo).port}`,
    events,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
