import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import { createCrumbWatch } from '../../domain/http/crumbs.ts';
import { AppError, type ErrorCode } from '../../domain/errors.ts';
import { bringsFile } from './file-body.ts';
import { hasBody } from './headers.ts';
import { asProblem } from './problem.ts';

/**
 * The time for the headers of a request, and for the whole request. Its body has less (`traffic.ts`). A file may take longer, as
 * long as it goes on arriving and has no answer yet.
 */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 20_000;
/** How long the rest of a file is thrown away after the answer. */
const LINGER_MS = 5_000;
/** How often Node looks for late clients. Its default is 30 s. */
const TIMEOUT_CHECK_MS = 1_000;
const KEEP_ALIVE_MS = 65_000;
/** A connection without traffic is cut after this time. It is longer than `Prefer: wait` may hold an answer back. */
const STALLED_MS = 45_000;
/** Request line and headers together, in bytes. Node counts them. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Errors of Node's HTTP parser, by their `code`. Any other code means a request that can't be read. */
const OF_PARSER: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};

/** Milliseconds. */
interface Timeouts {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly lingerTimeout: number;
  readonly stalledTimeout: number;
  readonly connectionsCheckingInterval: number;
}

const TIMEOUTS: Timeouts = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  lingerTimeout: LINGER_MS,
  stalledTimeout: STALLED_MS,
  connectionsCheckingInterval: TIMEOUT_CHECK_MS,
};

/** An HTTP server that waits for no client for long. It answers unreadable requests with a problem, as all other errors. */
export function createHttpServer(app: RequestListener, timeouts = TIMEOUTS): Server {
  const { headersTimeout, requestTimeout, stalledTimeout, connectionsCheckingInterval } = timeouts;
  const options = {
    headersTimeout,
    connectionsCheckingInterval,
    // Node knows only one time for all requests.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Node would answer these two itself, without a body. `checkHeaders` refuses them with a problem.
    requireHostHeader: false,
  };
  const server = createServer(options, app).on('checkExpectation', app);
  // Without this listener, Node would ask for a body that may be refused.
  server.on('checkContinue', (req, res) => void server.emit('request', req, res));
  server.on('request', (req, res) => {
    if (!hasBody(req)) return;
    refuseCrumbs(req);
    if (bringsFile(req)) return awaitFile(req, res, timeouts);
    const timer = setTimeout(() => refuse(new LateRequest(), req.socket), requestTimeout);
    req.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  });
  server.setTimeout(stalledTimeout);
  server.on('clientError', refuse);
  return server;
}

/**
 * A file may pause for longer than other traffic: we slow it down to the rate of its key. `traffic.ts` ends a file that stalls.
 * Once it is answered, the rest of it is thrown away for a while. If its connection were closed at once, the client would get a
 * reset instead of the answer (RFC 9112, 9.6).
 */
function awaitFile(
  req: IncomingMessage,
  res: ServerResponse,
  { lingerTimeout, stalledTimeout }: Timeouts,
): void {
  const { socket } = req;
  socket.setTimeout(0);
  req.once('end', () => socket.setTimeout(stalledTimeout));
  res.once('finish', () => {
    if (req.complete || req.destroyed) return;
    const timer = setTimeout(() => socket.destroy(), lingerTimeout);
    req.once('close', () => clearTimeout(timer));
    req.resume();
  });
}

/** Ends a body in crumbs before any handler sees it. */
function refuseCrumbs(req: IncomingMessage): void {
  if (req.headers['transfer-encoding'] === undefined) return;
  const push = req.push.bind(req);
  const isTooMany = createCrumbWatch();
  // Node's parser calls it with each chunk, and at the end with null.
  req.push = (chunk: Buffer | null) => {
    if (!isTooMany(chunk?.length ?? 0)) return push(chunk);
    refuse(new Error('The body comes in very small chunks'), req.socket);
    return false;
  };
}

/** As Node names it. */
class LateRequest extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}

/** Node emits `clientError` for sockets only; the declared type is wider. */
function refuse(error: NodeJS.ErrnoException, connection: Duplex): void {
  const socket = connection as Socket;
  // The client has reset the connection, or part of an answer is sent. A second answer can't follow.
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const problem = new AppError(OF_PARSER[error.code ?? ''] ?? 'malformed_http');
  const requestId = uuidv7();
  const { status, body } = asProblem(problem, requestId);
  socket.write(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/problem+json',
      `X-Request-Id: ${requestId}`,
      ...(problem.retryAfterS === undefined ? [] : [`Retry-After: ${problem.retryAfterS}`]),
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  // Not `end`: it would wait for the client to close its half.
  socket.destroySoon();
}

/** Node keeps the answer under way at the socket. Its default handler of `clientError` looks there, too. */
function isAnswering(socket: Socket): boolean {
  const { _httpMessage: answer } = socket as { _httpMessage?: { headersSent: boolean } | null };
  return answer?.headersSent === true;
}
