import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { callbackify } from 'node:util';
import { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.ts';
import { TlsTransport } from './tls-budget.ts';

/** How many addresses of one name are tried, one after the other. */
const MAX_ADDRESSES = 4;

/** The guard refuses the address. The delivery fails for good, because each further try would fail too. */
export class AddressForbiddenError extends Error {
  override readonly name = 'AddressForbiddenError';
  readonly code = 'address_forbidden';
}

/** The host of a URL without the brackets that URLs put around an IPv6 address. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * Connects to allowed addresses only. The name is looked up once, here, and the connection goes to an address that was
 * found. So a second lookup can't give another address (DNS rebinding). If one of a name's addresses is forbidden, the name
 * is refused. The address that the socket is connected to is checked once more.
 */
export function createGuardedConnect(
  isAllowed: AddressGuard,
  { lookup, timeoutMs }: { lookup: (hostname: string) => Promise<readonly string[]>; timeoutMs: number },
): buildConnector.connector {
  // Answers are bounded one at a time on a connection. HTTP/2 mixes them.
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false });

  function open(options: buildConnector.Options): Promise<Socket> {
    return new Promise((resolve, reject) => {
      connect(options, (...[error, socket]) => {
        if (error === null) resolve(socket);
        else reject(error);
      });
    });
  }

  async function connectTo(options: buildConnector.Options, address: string): Promise<Socket> {
    const isTls = options.protocol === 'https:';
    const port = options.port || (isTls ? '443' : '80');
    const tcp = await open({ ...options, protocol: 'http:', hostname: address, port, servername: '' });
    if (!isAllowed(tcp.remoteAddress ?? '')) {
      tcp.destroy();
      throw new AddressForbiddenError('Connected to a forbidden address');
    }
    if (!isTls) return tcp;
    const transport = new TlsTransport(tcp);
    const servername = isIP(options.hostname) === 0 ? options.hostname : '';
    // undici passes the option on to `tls.connect`, which takes any duplex stream.
    const tls = await open({
      ...options,
      hostname: address,
      port,
      servername,
      httpSocket: transport as Duplex as Socket,
    });
    transport.tls = tls;
    return tls;
  }

  async function connectToAny(options: buildConnector.Options): Promise<Socket> {
    const host = withoutBrackets(options.hostname);
    const addresses = isIP(host) === 0 ? await lookup(host) : [host];
    if (addresses.length === 0 || !addresses.every(isAllowed))
      throw new AddressForbiddenError('Resolves to a forbidden address');
    let failure: unknown;
    for (const address of addresses.slice(0, MAX_ADDRESSES)) {
      try {
        return await connectTo(options, address);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  const connectByCallback = callbackify(connectToAny);
  return (options, callback) => {
    connectByCallback(options, (error: Error | null, socket) => {
      if (error === null) callback(null, socket);
      else callback(error, null);
    });
  };
}
