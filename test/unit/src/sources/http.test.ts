import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { createTestHttpSource, WITHOUT_PACE } from '../../../support/storage/http-source.ts';
import { startWebServer, type WebServer } from '../../../support/stand-ins/web-server.ts';

const PICTURE = 'the bytes of a picture';

type Answer = (req: IncomingMessage, res: ServerResponse) => void;

describe('an asset behind a URL', () => {
  const source = createTestHttpSource({ least: WITHOUT_PACE });
  let server: WebServer;
  let answer: Answer;
  /** Method and path of each request, in order. */
  let requests: string[];

  beforeEach(async () => {
    requests = [];
    answer = (_req, res) => void res.end(PICTURE);
    server = await startWebServer((req, res) => {
      requests.push(`${req.method} ${req.url}`);
      answer(req, res);
    });
  });
  afterEach(async () => {
    await eventually(() => server.open.size === 0, { what: 'the end of every connection' });
    await server.close();
  });

  const respond =
    (status: number, headers: Record<string, string> = {}, body = ''): Answer =>
    (_req, res) =>
      void res.writeHead(status, headers).end(body);

  it('is fetched, by a request that asks for its plain bytes and carries nothing else', async () => {
    let headers: IncomingMessage['headers'] = {};
    answer = (req, res) => {
      ({ headers } = req);
      res.writeHead(200, { 'content-length': PICTURE.length }).end(PICTURE);
    };
    expect(await source.get(`${server.url}/a.jpg?signature=x#part`)).toEqual({
      bytes: PICTURE.length,
      body: PICTURE,
    });
    expect(requests).toEqual(['GET /a.jpg?signature=x']);
    expect(headers).toEqual({
      host: `127.0.0.1:${server.port}`,
      connection: 'close',
      accept: '*/*',
      'accept-encoding': 'identity',
      'user-agent': 'Validatr',
    });
  });

  it('may come without its length', async () => {
    answer = (_req, res) => {
      res.write(PICTURE);
      res.end();
    };
    expect(await source.get(server.url)).toEqual({ bytes: null, body: PICTURE });
  });

  it.each([
    ['/caf%C3%A9%20%2B%25%23%3F.jpg', '/caf%C3%A9%20%2B%25%23%3F.jpg'],
    ['/café.jpg?q=ü', '/caf%C3%A9.jpg?q=%C3%BC'],
    ['/cafe\u0301/🐈.jpg', '/cafe%CC%81/%F0%9F%90%88.jpg'],
    [`/${'x'.repeat(1_000)}`, `/${'x'.repeat(1_000)}`],
  ])('may have any name: %s', async (path, asked) => {
    expect(await source.get(server.url + path)).toMatchObject({ body: PICTURE });
    expect(requests).toEqual([`GET ${asked}`]);
  });

  it.each([
    'not a URL',
    'ftp://127.0.0.1/a.jpg',
    'file:///etc/passwd',
    'http:///a.jpg',
    'http://user:password@127.0.0.1/a.jpg',
    'http://127.0.0.1/a b.jpg',
    '',
  ])('is not asked for if this is no usable URL: %s', async (url) => {
    expect([await source.get(url), await source.stat(url)]).toEqual(['invalid_url', 'invalid_url']);
    expect(requests).toEqual([]);
  });

  it.each<[number, string]>([
    [206, 'refused'],
    [400, 'refused'],
    [401, 'forbidden'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [405, 'refused'],
    [410, 'not_found'],
    [202, 'trouble http_202'],
    [408, 'trouble http_408'],
    [429, 'trouble http_429'],
    [500, 'trouble http_500'],
    [501, 'trouble http_501'],
    [503, 'trouble http_503'],
    [300, 'redirects'],
    [302, 'redirects'],
    [304, 'redirects'],
    [399, 'redirects'],
  ])('with the status %i is %s, to both questions', async (status, word) => {
    answer = respond(status, {}, 'an explanation');
    expect([await source.get(server.url), await source.stat(server.url)]).toEqual([word, word]);
  });

  it.each([
    ['120', 120],
    ['0', 0],
    // Our own pause.
    ['Wed, 21 Oct 2026 07:28:00 GMT', 2],
    ['-1', 2],
    ['1e3', 2],
    ['9'.repeat(20), 2],
    ['', 2],
  ])('is asked for again as Retry-After %j says, if that is a number of seconds', async (asked, pauseS) => {
    answer = respond(503, { 'retry-after': asked });
    expect(await source.pauseAfter(server.url)).toBe(pauseS);
  });

  it.each([204, 205])('with the status %i is empty', async (status) => {
    answer = respond(status);
    expect(await source.get(server.url)).toEqual({ bytes: 0, body: '' });
    expect(await source.stat(server.url)).toEqual({ bytes: 0 });
  });

  it('may be empty with its length, too', async () => {
    answer = respond(200, { 'content-length': '0' });
    expect(await source.get(server.url)).toEqual({ bytes: 0, body: '' });
  });

  it.each([
    [{ 'content-encoding': 'gzip' }, 'encoding'],
    [{ 'content-encoding': 'identity, br' }, 'encoding'],
    [{ 'transfer-encoding': 'gzip, chunked' }, 'encoding'],
  ])('that is packed is refused, and not unpacked: %o', async (headers, word) => {
    answer = respond(200, headers, PICTURE);
    expect([await source.get(server.url), await source.stat(server.url)]).toEqual([word, word]);
  });

  it('may name the encoding that says that there is none', async () => {
    answer = respond(200, { 'content-encoding': 'Identity' }, PICTURE);
    expect(await source.get(server.url)).toMatchObject({ body: PICTURE });
  });

  describe('that is only looked for', () => {
    it('is asked for by HEAD', async () => {
      answer = respond(200, { 'content-length': '1234' });
      expect(await source.stat(server.url)).toEqual({ bytes: 1234 });
      expect(requests).toEqual(['HEAD /']);
    });

    // 403: a URL that is signed for GET only.
    it.each([403, 404, 405, 501])(
      'is asked for by GET if HEAD is answered %i, without its bytes',
      async (status) => {
        answer = (req, res) => {
          if (req.method === 'HEAD') return void res.writeHead(status).end();
          // The body has no end, and nobody waits for it.
          res.writeHead(200, { 'content-length': '1000000' }).write('x');
        };
        expect(await source.stat(server.url)).toEqual({ bytes: 1_000_000 });
        expect(requests).toEqual(['HEAD /', 'GET /']);
      },
    );

    it('is not asked for again if there were too many requests', async () => {
      answer = respond(429);
      expect(await source.stat(server.url)).toBe('trouble http_429');
      expect(requests).toEqual(['HEAD /']);
    });
  });

  describe('that a redirect leads to', () => {
    /** `/5` leads to `/4`, … and `/0` has the picture. */
    const countDown: Answer = (req, res) => {
      const left = Number(req.url?.slice(1));
      if (left === 0) return void res.end(PICTURE);
      res.writeHead(302, { location: `/${left - 1}` });
      if (req.method === 'HEAD') res.end();
      // The body has no end, and nobody waits for it.
      else res.write('moved');
    };

    it.each([300, 301, 302, 303, 307, 308])('is fetched (%i)', async (status) => {
      answer = (req, res) => {
        if (req.url === '/end') res.end(PICTURE);
        else res.writeHead(status, { location: 'end' }).end();
      };
      expect(await source.get(`${server.url}/start`)).toMatchObject({ body: PICTURE });
    });

    it.each([304, 305, 306, 399])('is not looked for, because %i is no redirect', async (status) => {
      answer = respond(status, { location: '/end' });
      expect(await source.get(server.url)).toBe('redirects');
      expect(requests).toEqual(['GET /']);
    });

    it('may be five redirects away, and no more', async () => {
      answer = countDown;
      expect(await source.get(`${server.url}/5`)).toMatchObject({ body: PICTURE });
      expect(await source.get(`${server.url}/6`)).toBe('redirects');
      expect(await source.stat(`${server.url}/6`)).toBe('redirects');
      expect(requests.slice(6, 12).at(-1)).toBe('GET /1');
    });

    it('is never reached in a circle', async () => {
      answer = respond(302, { location: '/' });
      expect(await source.get(server.url)).toBe('redirects');
      expect(requests).toHaveLength(6);
    });

    it.each([
      'ftp://127.0.0.1/a.jpg',
      'file:///etc/passwd',
      'http://user@127.0.0.1/a.jpg',
      'http://',
      'data:image/png;base64,xxxx',
    ])('is not asked for at %s', async (location) => {
      answer = respond(302, { location });
      expect(await source.get(server.url)).toBe('redirects');
      expect(requests).toHaveLength(1);
    });

    it('may have a name in raw bytes, which the server gets back as they were', async () => {
      answer = (req, res) => {
        if (req.url !== '/') return void res.end(PICTURE);
        res.writeHead(302, { location: Buffer.from('/café über.jpg').toString('latin1') }).end();
      };
      expect(await source.get(server.url)).toMatchObject({ body: PICTURE });
      expect(decodeURIComponent(requests[1] ?? '')).toBe('GET /café über.jpg');
    });

    it('at another origin gets nothing of the first URL', async () => {
      let seen = '';
      const other = await startWebServer((req, res) => {
        seen = `${req.url} ${JSON.stringify(req.rawHeaders)}`;
        res.end(PICTURE);
      });
      answer = respond(302, { location: `${other.url}/b.jpg`, 'set-cookie': 'session=seeded-cookie' });
      const found = await source.get(`${server.url}/seeded-path?token=seeded-query`);
      await other.close();
      expect(found).toMatchObject({ body: PICTURE });
      expect(seen).toMatch(/^\/b\.jpg /);
      expect(seen).not.toMatch(/seeded|cookie|referer|authorization/i);
    });
  });
});
