import type { RequestHandler } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { AppError } from '../../domain/errors.ts';
import { principalOf } from './auth.ts';
import { MAX_BODY_BYTES } from './json-body.ts';
import { hasBody } from './headers.ts';

const WINDOW_S = 60;

export interface QuotaLimits {
  /** Requests that one key may make in a minute. */
  readonly requestsPerMinute: number;
  /** Bytes of request bodies that one key may send in a minute. */
  readonly bytesPerMinute: number;
  /** Requests of one key that may be under way at once. */
  readonly atOnce: number;
}

/**
 * Limits each key in this process: requests and body bytes a minute, and requests at once. The windows are fixed. The headers
 * `RateLimit` and `RateLimit-Policy` show them (draft-ietf-httpapi-ratelimit-headers-10). Without keys there is no limit,
 * because there is only one tenant.
 * @throws {AppError} `rate_limited`, `too_many_at_once`
 */
export function createQuotas({ requestsPerMinute, bytesPerMinute, atOnce }: QuotaLimits): RequestHandler {
  const requests = new RateLimiterMemory({ points: requestsPerMinute, duration: WINDOW_S });
  const bytes = new RateLimiterMemory({ points: bytesPerMinute, duration: WINDOW_S });
  const underWay = new Map<string, number>();
  const policy =
    `"requests";q=${requestsPerMinute};w=${WINDOW_S}, ` +
    `"bytes";q=${bytesPerMinute};w=${WINDOW_S};qu="content-bytes"`;

  return async (req, res, next) => {
    const { keyId } = principalOf(res);
    if (keyId === null) return next();
    // The client left while its key was looked up: `close` has been emitted and will not come again.
    if (res.closed) return;

    const declared = req.headers['content-length'];
    const count = (underWay.get(keyId) ?? 0) + 1;
    underWay.set(keyId, count);
    res.once('close', () => {
      const left = (underWay.get(keyId) ?? 1) - 1;
      if (left === 0) underWay.delete(keyId);
      else underWay.set(keyId, left);
      // A body without a declared length is charged after it was read.
      // A refused or broken-off body counts as the largest possible one, because its length is not known.
      if (declared === undefined && hasBody(req))
        void charge(bytes, keyId, Number(res.locals['bodyBytes'] ?? MAX_BODY_BYTES));
    });

    // No more than this is read, whatever length is declared.
    const bodyBytes = Math.min(Number(declared ?? 0), MAX_BODY_BYTES);
    const ofRequests = await charge(requests, keyId, 1);
    const ofBytes = await charge(bytes, keyId, bodyBytes);
    res.set('RateLimit-Policy', policy);
    res.set('RateLimit', `${describe('requests', ofRequests)}, ${describe('bytes', ofBytes)}`);
    const spent = ofRequests.isExceeded ? ofRequests : ofBytes.isExceeded ? ofBytes : null;
    if (count <= atOnce && spent === null) return next();
    // The body is not read, so its bytes are given back: a smaller body may still fit.
    void bytes.reward(keyId, bodyBytes);
    if (spent === null) throw new AppError('too_many_at_once');
    const what = spent === ofRequests ? 'requests' : 'bytes of request bodies';
    throw new AppError('rate_limited', {
      detail: `The API key has used up its ${what} for this minute.`,
      retryAfterS: spent.resetS,
    });
  };
}

interface Account {
  readonly left: number;
  /**
   * Seconds until the next window. The library reckons them by the wall clock, but ends a window by a timer. So after a step back
   * they would be an hour, and the window would still end in time.
   */
  readonly resetS: number;
  readonly isExceeded: boolean;
}

async function charge(limiter: RateLimiterMemory, keyId: string, points: number): Promise<Account> {
  const { remainingPoints, msBeforeNext, consumedPoints } = await limiter.penalty(keyId, points);
  return {
    left: remainingPoints,
    resetS: Math.min(WINDOW_S, Math.max(1, Math.ceil(msBeforeNext / 1_000))),
    isExceeded: consumedPoints > limiter.points,
  };
}

function describe(name: string, { left, resetS }: Account): string {
  return `"${name}";r=${left};t=${resetS}`;
}
