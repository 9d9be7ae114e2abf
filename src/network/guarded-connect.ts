import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { callbackify } from 'node:util';
import { buildConnector, errors } from 'undici';
import type { AddressGuard } from './address-guard.ts';
import { type AnswerBounds, boundAnswers, InvalidAnswerError } from './answer-budget.ts';
import { type Connection, connectToFirst } from './connect-first.ts';
import { TlsTransport } from './tls-budget.ts';
import { asTlsFault } from './tls-fault.ts';

/** How many addresses of one name are tried. */
const MAX_ADDRESSES = 4;

/** The guard refuses the address. Each further try would fail too. */
export class AddressForbiddenError extends Error {
  override readonly name = 'AddressForbiddenError';
  readonly code = 'address_forbidden';
}

/** The host of a URL without the brackets that URLs put around an IPv6 address. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

interface GuardedConnectSettings {
  readonly lookup: (hostname: string) => Promise<readonly string[]>;
  readonly timeoutMs: number;
  readonly bounds: AnswerBounds;
}

/**
 * Connects to allowed addresses only, and bounds what each request may bring back. The name is looked up once, here, and the
 * connection goes to an address that was found. So a second lookup can't give another address (DNS rebinding). If one of a
 * name's addresses is forbidden, the name is refused. The address that the socket is connected to is checked once more.
 */
export function createGuardedConnect(
  isAllowed: AddressGuard,
  { lookup, timeoutMs, bounds }: GuardedConnectSettings,
): buildConnector.connector {
  // Answers are bounded one at a time on a connection. HTTP/2 mixes them.
  const connectTls = buildConnector({ timeout: timeoutMs, allowH2: false });

  /** undici passes `httpSocket` on to `tls.connect`, which takes any duplex stream. */
  async function secure(options: buildConnector.Options, { address, socket }: Connection): Promise<Socket> {
    const transport = new TlsTransport(socket, bounds);
    const servername = isIP(options.hostname) === 0 ? options.hostname : '';
    const httpSocket = transport as Duplex as Socket;
    const tls = await new Promise<Socket>((resolve, reject) => {
      connectTls({ ...options, hostname: address, servername, httpSocket }, (...[error, secured]) => {
        if (error === null) return resolve(secured);
        transport.destroy();
        return reject(isOfTls(error) ? asTlsFault(error) : error);
      });
    });
    transport.tls = tls;
    // A receiver may refuse us after the handshake. Node only reports that, and undici keeps the last error, which would be the end.
    tls.on('error', (error) => tls.destroy(error));
    return tls;
  }

  async function connectToAny(options: buildConnector.Options): Promise<Socket> {
    const isTls = options.protocol === 'https:';
    const port = Number(options.port || (isTls ? 443 : 80));
    const host = withoutBrackets(options.hostname);
    const addresses = isIP(host) === 0 ? await lookup(host) : [host];
    if (addresses.length === 0 || !addresses.every(isAllowed))
      throw new AddressForbiddenError('Resolves to a forbidden address');

    const left = new Set(addresses.slice(0, MAX_ADDRESSES));
    let tlsFailure: unknown;
    while (left.size > 0) {
      const connection = await connectToFirst([...left], { port, timeoutMs }).catch((error: unknown) => {
        // TLS failed at another address. That tells more.
        throw tlsFailure ?? error;
      });
      const { socket, address } = connection;
      if (!isAllowed(socket.remoteAddress ?? '')) {
        socket.destroy();
        throw new AddressForbiddenError('Connected to a forbidden address');
      }
      if (!isTls) return socket;
      try {
        return await secure(options, connection);
      } catch (error) {
        tlsFailure = error;
        left.delete(address);
      }
    }
    throw tlsFailure;
  }

  const connectByCallback = callbackify(connectToAny);
  return (options, callback) => {
    connectByCallback(options, (error: Error | null, socket) => {
      if (error !== null) return callback(error, null);
      boundAnswers(socket, bounds);
      callback(null, socket);
    });
  };
}

/** Whether a TLS handshake failed by itself: not because it took too long, and not because it was cut. */
function isOfTls(error: Error): boolean {
  return !(error instanceof InvalidAnswerError || error instanceof errors.ConnectTimeoutError);
}
