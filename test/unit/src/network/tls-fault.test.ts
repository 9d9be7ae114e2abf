import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer, getCACertificates, setDefaultCACertificates, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TryResult } from '../../../../src/domain/ports/webhooks.ts';
import { asTlsFault } from '../../../../src/network/tls-fault.ts';
import { type Authority, createAuthority, hasOpenssl } from '../../../support/certificates.ts';
import { TEST_MS } from '../../../support/deadlines.ts';
import { createTestSender, eventFor, secretBox } from '../../../support/webhook-sender.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const HERE = 'IP:127.0.0.1';

const endpointId = '00000000-0000-4000-8000-000000000001';
const secrets = [secretBox.seal(Buffer.alloc(32, 's'), endpointId)];

describe('a try to a receiver with bad TLS', () => {
  let sender: ReturnType<typeof createTestSender>;
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  beforeEach(() => {
    sender = createTestSender();
  });
  afterEach(async () => {
    await sender.close();
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  async function send(server: Server, host = '127.0.0.1'): Promise<TryResult> {
    servers.push(server);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://${host}:${(server.address() as AddressInfo).port}/secret-path`;
    return sender.send(eventFor({ url, endpointId, secrets, timeoutMs: 2 * TEST_MS }));
  }

  const failed = (reason: string) => ({
    status: null,
    error: 'tls_error',
    reason,
    outcome: 'retry',
    excerpt: null,
  });

  describe.skipIf(!hasOpenssl)('says what is wrong with its certificate (skipped without openssl)', () => {
    const trusted = getCACertificates();
    let authority: Authority;

    beforeAll(() => {
      authority = createAuthority();
    });
    afterAll(() => authority.close());
    beforeEach(() => setDefaultCACertificates([...trusted, authority.root]));
    afterEach(() => setDefaultCACertificates(trusted));

    function serve(options: TlsOptions): Server {
      const server = createServer(options, (socket) => {
        socket.on('error', () => socket.destroy());
        socket.once('data', () => socket.write(OK));
      });
      return server.on('tlsClientError', () => undefined);
    }

    const chainOf = ({ key, cert }: { key: string; cert: string }) => ({
      key,
      cert: cert + authority.intermediate,
    });

    it('unless nothing is wrong', async () => {
      const options = chainOf(authority.issue(HERE));
      expect(await send(serve(options))).toMatchObject({ error: null, reason: null, outcome: 'delivered' });
    });

    it('if the intermediate certificate is missing', async () => {
      expect(await send(serve(authority.issue(HERE)))).toMatchObject(
        failed(
          'The issuer of the certificate is not known: the receiver does not send its intermediate certificate, or a private authority signed it.',
        ),
      );
    });

    it('if its authority is not known', async () => {
      setDefaultCACertificates(trusted);
      const options = chainOf(authority.issue(HERE));
      const unknown = failed('The authority behind the certificate is not known.');
      expect(await send(serve(options))).toMatchObject(unknown);
      const cert = options.cert + authority.root;
      expect(await send(serve({ ...options, cert }))).toMatchObject(unknown);
    });

    it('if it is self-signed', async () => {
      expect(await send(serve(authority.issueSelfSigned(HERE)))).toMatchObject(
        failed('The certificate is self-signed.'),
      );
    });

    it('although the next address of the name refuses connections', async () => {
      await sender.close();
      sender = createTestSender({ lookup: () => Promise.resolve(['127.0.0.1', '127.0.0.3']) });
      const options = authority.issueSelfSigned('DNS:hooks.example');
      expect(await send(serve(options), 'hooks.example')).toMatchObject(
        failed('The certificate is self-signed.'),
      );
    });

    it('if it is for another name', async () => {
      expect(await send(serve(chainOf(authority.issue('DNS:a.example,DNS:b.example'))))).toMatchObject(
        failed('The certificate is for another name (DNS:a.example, DNS:b.example).'),
      );
    });

    it('if it has expired', async () => {
      expect(await send(serve(chainOf(authority.issue(HERE, { days: 0 }))))).toMatchObject(
        failed('The certificate, or one behind it, has expired.'),
      );
    });

    it('if it asks for ours, which it does after the handshake', async () => {
      const options = { requestCert: true, rejectUnauthorized: true, ca: authority.root };
      expect(await send(serve({ ...chainOf(authority.issue(HERE)), ...options }))).toMatchObject(
        failed('The receiver asks for a client certificate. Validatr has none.'),
      );
    });

    it('if it speaks old versions only', async () => {
      const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      expect(await send(serve({ ...chainOf(authority.issue(HERE)), ...versions }))).toMatchObject(
        failed('The receiver and Validatr have no version of TLS in common.'),
      );
    });
  });

  it('says that plain HTTP is no TLS', async () => {
    expect(await send(createHttpServer((_req, res) => res.end()))).toMatchObject(
      failed('The receiver does not speak TLS at this port. Perhaps it speaks plain HTTP.'),
    );
  });

  it.each([
    ['ends', (socket: Socket) => socket.once('data', () => socket.end())],
    ['resets', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy())],
  ])('says that the receiver %s the connection during the handshake', async (_what, answer) => {
    expect(await send(createTcpServer(answer))).toMatchObject(
      failed(
        'The receiver ended the connection during the TLS handshake. Perhaps it speaks plain HTTP at this port.',
      ),
    );
  });

  it('repeats the words of a refusal that it does not know', async () => {
    // RFC 8446, 6: a fatal alert, `internal_error`.
    const refuse = (socket: Socket) =>
      socket.once('data', () => socket.end(Buffer.from('15030300020250', 'hex')));
    expect(await send(createTcpServer(refuse))).toMatchObject(
      failed('The TLS handshake failed: tlsv1 alert internal error.'),
    );
  });
});

describe('the reason of a TLS fault', () => {
  it('holds no control character and no endless list of names, because a receiver chooses them', () => {
    const subjectaltname = `DNS:\u0000\u001b[2J${'DNS:x.example, '.repeat(1_000)}`;
    const error = { code: 'ERR_TLS_CERT_ALTNAME_INVALID', cert: { subjectaltname } };
    const { message } = asTlsFault(error);
    expect(message).toMatch(/^[\x20-\x7e…]+$/);
    expect(message.length).toBeLessThan(300);
  });
});
