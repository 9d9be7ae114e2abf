import { connect, type Socket } from 'node:net';

/**
 * Clients that send slowly. They are a program of their own, so they take no turn of the event loop from the measured clients:
 * `slow-clients.ts <port> <headers> <bodies> <seconds>`. Each client sends a byte a second, of its headers or of its body. It
 * connects again when it is cut. At the end, the program prints what happened to them.
 */
const [port = 0, headers = 0, bodies = 0, seconds = 0] = process.argv.slice(2).map(Number);

const BYTE_EVERY_MS = 1_000;

export interface SlowClientFigures {
  readonly connections: number;
  /** Connections that the server closed. */
  readonly cut: { readonly headers: number; readonly bodies: number };
  /** Those of them that got a 408. */
  readonly told: { readonly headers: number; readonly bodies: number };
  /** Other answers, by status. */
  readonly other: Record<string, number>;
  readonly longestMs: { readonly headers: number; readonly bodies: number };
}

type Kind = 'headers' | 'bodies';

const BEGINNING: Record<Kind, string> = {
  headers: 'POST /assets/image/ HTTP/1.1\r\nHost: validatr\r\nX-Slow: ',
  bodies:
    'POST /assets/image/ HTTP/1.1\r\nHost: validatr\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"',
};

const open = new Map<Socket, NodeJS.Timeout>();
const cut = { headers: 0, bodies: 0 };
const told = { headers: 0, bodies: 0 };
const longestMs = { headers: 0, bodies: 0 };
const other: Record<string, number> = {};
let connections = 0;
let ending = false;

function beSlow(kind: Kind): void {
  const begin = performance.now();
  const socket = connect({ port, host: '127.0.0.1' });
  connections += 1;
  socket.write(BEGINNING[kind]);
  open.set(
    socket,
    setInterval(() => socket.write('x'), BYTE_EVERY_MS),
  );
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  // A byte may cross the server's close. `close` reports the end.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(open.get(socket));
    open.delete(socket);
    if (ending) return;
    cut[kind] += 1;
    longestMs[kind] = Math.max(longestMs[kind], Math.round(performance.now() - begin));
    const [, status = 'none'] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? [];
    if (status === '408') told[kind] += 1;
    else other[status] = (other[status] ?? 0) + 1;
    beSlow(kind);
  });
}

for (let client = 0; client < headers; client += 1) beSlow('headers');
for (let client = 0; client < bodies; client += 1) beSlow('bodies');
setTimeout(() => {
  ending = true;
  const figures: SlowClientFigures = { connections, cut, told, other, longestMs };
  process.stdout.write(JSON.stringify(figures));
  for (const socket of open.keys()) socket.destroy();
}, seconds * 1_000);
