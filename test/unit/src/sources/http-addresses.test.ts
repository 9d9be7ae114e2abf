import { createServer, type Server as TcpServer } from 'node:net';
import { once } from 'node:events';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAddressGuard } from '../../../../src/network/address-guard.ts';
import { createLookup } from '../../../../src/network/names/lookup.ts';
import { type Authority, createAuthority, hasOpenssl } from '../../../support/certificates.ts';
import { createTestHttpSource } from '../../../support/storage/http-source.ts';
import { type Answering, type NameServer, startNameServer } from '../../../support/stand-ins/name-server.ts';
import { startWebServer, type WebServer } from '../../../support/stand-ins/web-server.ts';

const PICTURE = 'the bytes of a picture';

const closing: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((one) => one.close()));
});

async function start(...args: Parameters<typeof startWebServer>): Promise<WebServer> {
  const server = await startWebServer(...args);
  closing.push(server);
  return server;
}

describe('an asset behind a URL, where EGRESS_ALLOW is empty,', () => {
  const source = createTestHttpSource({ isAllowed: createAddressGuard([]) });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://127.0.0.1/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://localhost/',
    'http://10.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[fd00:ec2::254]/',
  ])('is not asked for at %s', async (url) => {
    expect([await source.get(url), await source.stat(url)]).toEqual([
      'address_forbidden',
      'address_forbidden',
    ]);
  });

  it.each([
    'http://169.254.169.254/',
    'http://127.0.0.1:PORT/secret',
    'http://[::1]:PORT/',
    '//localhost:PORT/',
  ])('is not asked for after a redirect to %s', async (target) => {
    let requests = 0;
    const server = await start((_req, res) => {
      requests += 1;
      res.writeHead(302, { location: target.replace('PORT', String(server.port)) }).end();
    });
    // The first address looks public. All others are judged as ever.
    const isAllowed = createAddressGuard([]);
    const entry = createTestHttpSource({
      isAllowed: (address) => address === '127.0.0.2' || isAllowed(address),
    });
    const reached = await startWebServer(
      (_req, res) => void res.writeHead(302, { location: target.replace('PORT', String(server.port)) }).end(),
      { host: '127.0.0.2' },
    );
    closing.push(reached);
    expect(await entry.get(`http://127.0.0.2:${reached.port}/`)).toBe('address_forbidden');
    expect(requests).toBe(0);
  });
});

describe('an asset behind a URL', () => {
  it('is not asked for if its address turns out to be another one', async () => {
    let requests = 0;
    const server = await start(() => (requests += 1));
    // Systems take this address for loopback.
    const source = createTestHttpSource({ isAllowed: (address) => address === '0.0.0.0' });
    expect(await source.get(`http://0.0.0.0:${server.port}/`)).toBe('address_forbidden');
    expect(requests).toBe(0);
  });

  it('is not asked for if one of the addresses of its name is forbidden', async () => {
    let requests = 0;
    const server = await start((_req, res) => {
      requests += 1;
      res.end(PICTURE);
    });
    const url = `http://pictures.example:${server.port}/`;
    const askAt = (...addresses: string[]) =>
      createTestHttpSource({ lookup: () => Promise.resolve(addresses) }).get(url);
    expect(await askAt('127.0.0.1')).toMatchObject({ body: PICTURE });
    expect(await askAt('127.0.0.1', '10.0.0.1')).toBe('address_forbidden');
    expect(requests).toBe(1);
  });

  it('is reached by an IPv6 literal', async () => {
    const server = await start((_req, res) => void res.end(PICTURE), { host: '::1' });
    const found = await createTestHttpSource().get(`http://[::1]:${server.port}/`);
    expect(found).toMatchObject({ body: PICTURE });
  });

  it('is in trouble where nobody listens', async () => {
    const server = await startWebServer(() => undefined);
    await server.close();
    expect(await createTestHttpSource().get(server.url)).toBe('trouble connection_refused');
  });

  it.each<[string, Answering, string]>([
    ['does not exist', () => ({ code: 3 }), 'dns'],
    ['has no address', () => ({}), 'dns'],
    ['cannot be told by its name server', () => ({ code: 2 }), 'trouble dns_unavailable'],
    ['is never answered', () => null, 'trouble timeout'],
  ])('whose name %s', async (_how, answer, word) => {
    const names: NameServer = await startNameServer(answer);
    closing.push(names);
    const source = createTestHttpSource({ lookup: createLookup({ servers: [names.address] }) });
    expect(await source.get('http://pictures.example/a.jpg')).toBe(word);
  });
});

describe.skipIf(!hasOpenssl)('an asset behind https (skipped without openssl)', () => {
  const trusted = getCACertificates();
  let authority: Authority;

  beforeAll(() => {
    authority = createAuthority();
    setDefaultCACertificates([...trusted, authority.root]);
  });
  afterAll(() => {
    setDefaultCACertificates(trusted);
    authority.close();
  });

  const chain = ({ key, cert }: { key: string; cert: string }) => ({
    key,
    cert: cert + authority.intermediate,
  });

  it('is fetched, however long it is', async () => {
    const picture = 'x'.repeat(500_000);
    const server = await start((_req, res) => void res.end(picture), {
      tls: chain(authority.issue('IP:127.0.0.1')),
    });
    expect(await createTestHttpSource().get(server.url)).toEqual({ bytes: picture.length, body: picture });
  });

  it('is fetched from a server whose certificate is for the name in the URL', async () => {
    const server = await start((_req, res) => void res.end(PICTURE), {
      tls: chain(authority.issue('DNS:pictures.example')),
    });
    const source = createTestHttpSource({ lookup: () => Promise.resolve(['127.0.0.1']) });
    const found = await source.get(`https://pictures.example:${server.port}/`);
    expect(found).toMatchObject({ body: PICTURE });
  });

  it('gives no valid answer in records of one byte, which are mostly TLS', async () => {
    const server = await start(
      (_req, res) => {
        res.writeHead(200, { 'content-length': 1_000_000 }).flushHeaders();
        // The next record begins when this one is written, so the system cannot make one of many.
        const next = () => void (res.destroyed || res.write('x', next));
        next();
      },
      { tls: chain(authority.issue('IP:127.0.0.1')) },
    );
    const found = await createTestHttpSource().get(server.url);
    expect(found).toEqual({ bytes: 1_000_000, body: 'invalid_answer' });
  });

  it.each([
    ['has expired', () => chain(authority.issue('IP:127.0.0.1', { days: 0 }))],
    ['is for another name', () => chain(authority.issue('DNS:other.example'))],
    ['signs itself', () => authority.issueSelfSigned('IP:127.0.0.1')],
    ['comes without what is behind it', () => authority.issue('IP:127.0.0.1')],
  ])('is not reachable if its certificate %s', async (_how, certificate) => {
    const server = await start((_req, res) => void res.end(PICTURE), { tls: certificate() });
    expect(await createTestHttpSource().get(server.url)).toBe('tls');
  });

  it('is not reachable if the server asks for a certificate of ours', async () => {
    const tls = { ...chain(authority.issue('IP:127.0.0.1')), requestCert: true, rejectUnauthorized: true };
    const server = await start((_req, res) => void res.end(PICTURE), { tls });
    expect(await createTestHttpSource().get(server.url)).toBe('tls');
  });

  it('is not reachable if the port speaks plain HTTP', async () => {
    const server = await start((_req, res) => void res.end(PICTURE));
    expect(await createTestHttpSource().get(server.url.replace('http:', 'https:'))).toBe('tls');
  });

  it('is in trouble, and not at fault, if the connection is cut during the handshake', async () => {
    const server: TcpServer = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => socket.resetAndDestroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(server);
    const { port } = server.address() as { port: number };
    expect(await createTestHttpSource().get(`https://127.0.0.1:${port}/`)).toBe('trouble connection_reset');
  });
});
