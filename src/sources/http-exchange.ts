import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import type { SourceCall } from '../domain/ports/sources.ts';
import type { AddressGuard } from '../network/address-guard.ts';
import { createGuardedConnect } from '../network/guarded-connect.ts';
import type { Lookup } from '../network/names/lookup.ts';
import { trouble } from './faults.ts';
import { judgeAnswer } from './http-answers.ts';

/** For each address of a name, and again for its TLS handshake. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Headers of an answer. Usual ones have 1 to 4 KiB. */
const MAX_HEAD_BYTES = 64 * 1024;

/** Certificates, and what is on its way between TLS and us. */
const MAX_TLS_OVERHEAD_BYTES = 256 * 1024;

/** A server that sends less hangs, or wants to hold a place: 1 KiB/s. The caller's signal bounds the whole time. */
const LEAST: Pace = { bytes: 20 * 1024, everyMs: 20_000 };

/** A server that chooses what to send sends what it has. `identity`: the bytes of the asset, and not a packed form. */
const HEADERS = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Validatr' };

interface Pace {
  readonly bytes: number;
  readonly everyMs: number;
}

export interface ExchangeSettings {
  readonly isAllowed: AddressGuard;
  readonly lookup: Lookup;
  /** The longest body that is read. */
  readonly maxBytes: number;
  readonly least?: Pace;
}

/** The head of an answer. The caller reads `body` to its end, or destroys it. That ends the connection, too. */
export type WebAnswer = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'>;

/**
 * Makes one request on a connection of its own. So no connection is left over, and nothing that a server sends after its answer
 * can become part of another one. @throws the failure of the connection, as it came
 */
export function createExchange({ isAllowed, lookup, maxBytes, least = LEAST }: ExchangeSettings) {
  // A quarter for headers, chunks and TLS. The smallest usual segments bring 512 bytes.
  const bytes = maxBytes * 1.25 + MAX_HEAD_BYTES;
  const bounds = {
    bytes,
    reads: Math.ceil(bytes / 512) + 512,
    // An image has as many lines as its bytes happen to make. undici bounds the headers.
    lines: Number.POSITIVE_INFINITY,
    overhead: MAX_TLS_OVERHEAD_BYTES,
  };

  return async (url: URL, method: 'GET' | 'HEAD', call: SourceCall): Promise<WebAnswer> => {
    const { tenant, signal = new AbortController().signal } = call;
    const connect = createGuardedConnect(isAllowed, {
      timeoutMs: CONNECT_TIMEOUT_MS,
      bounds,
      lookup: (hostname) => lookup(hostname, { tenant, signal }),
    });
    const client: Client = new Client(url.origin, {
      connect: watched(connect, least, () => void client.destroy(trouble('timeout'))),
      pipelining: 0,
      maxHeaderSize: MAX_HEAD_BYTES,
      // The pace bounds both.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const end = () => void client.destroy();
    try {
      const answer = await client.compose(judgeAnswer).request({
        method,
        path: `${url.pathname}${url.search}`,
        headers: HEADERS,
        signal,
      });
      // A body that nobody reads any more may still fail.
      answer.body.on('error', () => undefined).once('close', end);
      return answer;
    } catch (error) {
      end();
      throw error;
    }
  };
}

/** Calls `onSlow` when a connection brings less than it must. */
function watched(
  connect: buildConnector.connector,
  { bytes, everyMs }: Pace,
  onSlow: () => void,
): buildConnector.connector {
  function watch(socket: Socket): void {
    let before = 0;
    const timer = setInterval(() => {
      if (socket.bytesRead - before < bytes) onSlow();
      before = socket.bytesRead;
    }, everyMs);
    socket.once('close', () => clearInterval(timer));
  }

  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      watch(socket);
      callback(null, socket);
    });
  };
}
