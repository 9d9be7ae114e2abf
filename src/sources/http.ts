import { AppError } from '../domain/errors.ts';
import { parseHttpUrl } from '../domain/http/http-url.ts';
import type { Found, SourceCall } from '../domain/ports/sources.ts';
import type { PathAt } from '../domain/sources/asset-path.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';
import { isTlsError, TlsFault } from '../network/tls-fault.ts';
import { codeOf, faultOfCode, faultOfStatus, orThrow, trouble } from './faults.ts';
import { createExchange, type ExchangeSettings, type WebAnswer } from './http-exchange.ts';
import type { RemoteSource } from './remote-source.ts';

/** Contract, Sources. */
const MAX_REDIRECTS = 5;

/** 300: the server prefers one of several. */
const REDIRECTS = new Set([300, 301, 302, 303, 307, 308]);

/** 203: a proxy has changed the headers. */
const WITH_CONTENT = new Set([200, 203]);
const WITHOUT_CONTENT = new Set([204, 205]);

const TOO_MANY_REQUESTS = 429;

/** Assets behind http(s) URLs of clients. A URL may be signed, so no part of it gets into an error. */
export function createHttpSource(settings: ExchangeSettings): RemoteSource<'http'> {
  const exchange = createExchange(settings);

  /** The answer after all redirects. Each URL is checked like the first one, and gets nothing of the one before. */
  async function follow(
    first: URL,
    method: 'GET' | 'HEAD',
    call: SourceCall,
  ): Promise<WebAnswer | Unreachable> {
    let url: URL | null = first;
    for (let redirects = 0; url !== null && redirects <= MAX_REDIRECTS; redirects += 1) {
      const answer = await exchange(url, method, call);
      if (answer.statusCode < 300 || answer.statusCode >= 400) return answer;
      answer.body.destroy();
      url = targetOf(answer, url);
    }
    return { unreachable: 'redirects' };
  }

  async function ask(
    { url: text }: PathAt<'http'>,
    method: 'GET' | 'HEAD',
    call: SourceCall,
  ): Promise<WebAnswer | Unreachable> {
    const url = parseHttpUrl(text);
    if (url === null) return { unreachable: 'invalid_url' };
    try {
      return await follow(url, method, call);
    } catch (error) {
      return orThrow(faultOfExchange(error));
    }
  }

  /** Many servers refuse HEAD, and a URL may be signed for GET only. So a refusal counts only if GET gets it, too. */
  async function askWithoutBody(path: PathAt<'http'>, call: SourceCall): Promise<WebAnswer | Unreachable> {
    const head = await ask(path, 'HEAD', call);
    if ('unreachable' in head || head.statusCode < 400 || head.statusCode === TOO_MANY_REQUESTS) return head;
    head.body.destroy();
    return ask(path, 'GET', call);
  }

  return {
    async stat(path, call) {
      const answer = await askWithoutBody(path, call);
      if ('unreachable' in answer) return answer;
      answer.body.destroy();
      return foundIn(answer);
    },
    async get(path, call) {
      const answer = await ask(path, 'GET', call);
      if ('unreachable' in answer) return answer;
      const found = foundIn(answer);
      return 'unreachable' in found ? found : { ...found, body: answer.body };
    },
  };
}

/** Where a redirect leads. Null if that is no URL that the first one might be. */
function targetOf({ statusCode, headers }: WebAnswer, from: URL): URL | null {
  const [location] = [headers['location']].flat();
  if (location === undefined || !REDIRECTS.has(statusCode)) return null;
  // Headers come as bytes. The server gets the same ones back.
  const text = location.replaceAll(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
  const target = URL.parse(text, from.href);
  return target === null ? null : parseHttpUrl(target.href);
}

/** Destroys the body unless the answer brings the asset. @throws {AppError} for trouble */
function foundIn({ statusCode: status, headers, body }: WebAnswer): Found | Unreachable {
  if (WITHOUT_CONTENT.has(status)) return { bytes: 0 };
  if (WITH_CONTENT.has(status) && !isEncoded(headers)) return { bytes: lengthIn(headers) };
  body.destroy();
  if (WITH_CONTENT.has(status)) return { unreachable: 'encoding' };
  return orThrow(faultOfStatus(status, pauseIn(headers)));
}

/** `chunked` is part of HTTP, and its parser takes it out. */
function isEncoded(headers: WebAnswer['headers']): boolean {
  const names = [headers['content-encoding'], headers['transfer-encoding']].flat().join(',').split(',');
  return !names.every((name) => ['', 'identity', 'chunked'].includes(name.trim().toLowerCase()));
}

function lengthIn(headers: WebAnswer['headers']): number | null {
  const length = headers['content-length'];
  return length === undefined ? null : Number(length);
}

/** Retry-After in seconds. Its other form, a date, is rare. */
function pauseIn(headers: WebAnswer['headers']): number | undefined {
  const asked = String(headers['retry-after']);
  return /^\d{1,9}$/.test(asked) ? Number(asked) : undefined;
}

/** Says of a failed connection or answer whether it is a verdict on the asset or trouble. */
function faultOfExchange(error: unknown): Unreachable | AppError {
  if (error instanceof AppError) return error;
  // A handshake that was cut tells nothing about TLS.
  const failure = error instanceof TlsFault ? error.cause : error;
  const code = codeOf(failure);
  if (code === 'ENOTFOUND') return { unreachable: 'dns' };
  const fault = faultOfCode(code);
  if (fault !== null) return fault;
  return error instanceof TlsFault || isTlsError(error) ? { unreachable: 'tls' } : trouble('connection');
}
