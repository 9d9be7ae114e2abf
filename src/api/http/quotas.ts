import type { RequestHandler } from 'express';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '../../domain/errors.ts';
import { createShares, createTally } from '../../domain/turns/shares.ts';
import { type Principal, principalOf } from './auth.ts';
import { MAX_BODY_BYTES } from './json-body.ts';
import { bringsFile, FILES_AT_ONCE, type Pace } from './file-body.ts';
import { hasBody } from './headers.ts';
import { createPaces } from './pace.ts';

const WINDOW_S = 60;
const MIB = 1024 * 1024;

export interface QuotaLimits {
  /** Requests that one key may make in a minute. */
  readonly requestsPerMinute: number;
  /** Bytes of request bodies that one key may send in a minute. */
  readonly bytesPerMinute: number;
  /** Requests of one key that may be under way at once. */
  readonly atOnce: number;
  /** Requests of all tenants that may be under way at once. */
  readonly inFlightMax: number;
}

type LimitsOfKeys = Omit<QuotaLimits, 'inFlightMax'>;

/**
 * The limits of a key: those that an operator has set for it or its tenant, and otherwise those of the process.
 */
export function limitsOf({ limits }: Principal, ofProcess: LimitsOfKeys): LimitsOfKeys {
  const mib = limits?.mibPerMinute ?? null;
  return {
    requestsPerMinute: limits?.requestsPerMinute ?? ofProcess.requestsPerMinute,
    bytesPerMinute: mib === null ? ofProcess.bytesPerMinute : mib * MIB,
    atOnce: limits?.requestsAtOnce ?? ofProcess.atOnce,
  };
}

/** Marks requests that count as none of the minute's. They still count among those at once. */
export function spendNothingAt(isFree: (path: string) => boolean): RequestHandler {
  return (req, res, next) => {
    res.locals['isFree'] = isFree(req.path);
    next();
  };
}

/**
 * Limits each key in this process: requests and body bytes a minute, and requests at once. The windows are fixed. The headers
 * `RateLimit` and `RateLimit-Policy` show them (draft-ietf-httpapi-ratelimit-headers-10). Without keys there is no limit,
 * because there is only one tenant.
 *
 * A tenant may have many keys, and it has a share of all requests under way.
 *
 * Requests that bring a file are counted apart, so slow ones keep no other request of the key waiting. Their bytes have an
 * account of their own, and are slowed down instead of refused (`pace.ts`).
 * @throws {AppError} `rate_limited`, `too_many_at_once`
 */
export function createQuotas({ inFlightMax, ...ofProcess }: QuotaLimits): RequestHandler {
  // These count only. What is too much depends on the key.
  const requests = new RateLimiterMemory({ points: ofProcess.requestsPerMinute, duration: WINDOW_S });
  const bytes = new RateLimiterMemory({ points: ofProcess.bytesPerMinute, duration: WINDOW_S });
  const paces = createPaces();
  const ofOthers = { keys: createTally(), tenants: createShares(inFlightMax) };
  const ofFiles = { keys: createTally(), tenants: createShares(FILES_AT_ONCE) };

  return async (req, res, next) => {
    const principal = principalOf(res);
    const { keyId, tenant } = principal;
    if (keyId === null) return next();
    const { requestsPerMinute, bytesPerMinute, atOnce } = limitsOf(principal, ofProcess);
    // The client left while its key was looked up: `close` has been emitted and will not come again.
    if (res.closed) return;

    const isFile = bringsFile(req);
    const { keys, tenants } = isFile ? ofFiles : ofOthers;
    if (isFile) res.locals['pace'] = ((bytes) => paces(keyId, bytes, bytesPerMinute)) satisfies Pace;
    const declared = isFile ? '0' : req.headers['content-length'];
    const hasKeyRoom = keys.of(keyId) < atOnce;
    const hasTenantRoom = tenants.hasRoom(tenant);
    const leaveKey = keys.add(keyId);
    const leaveTenant = tenants.take(tenant);
    res.once('close', () => {
      leaveKey();
      leaveTenant();
      // A body without a declared length is charged after it was read.
      // A refused or broken-off body counts as the largest possible one, because its length is not known.
      if (declared === undefined && hasBody(req))
        void bytes.penalty(keyId, Number(res.locals['bodyBytes'] ?? MAX_BODY_BYTES));
    });

    // No more than this is read, whatever length is declared.
    const bodyBytes = Math.min(Number(declared ?? 0), MAX_BODY_BYTES);
    const isFree = res.locals['isFree'] === true;
    const ofRequests = asAccount(await requests.penalty(keyId, isFree ? 0 : 1), requestsPerMinute);
    const ofBytes = asAccount(await bytes.penalty(keyId, bodyBytes), bytesPerMinute);
    res.set(
      'RateLimit-Policy',
      `"requests";q=${requestsPerMinute};w=${WINDOW_S}, "bytes";q=${bytesPerMinute};w=${WINDOW_S};qu="content-bytes"`,
    );
    res.set('RateLimit', `${describe('requests', ofRequests)}, ${describe('bytes', ofBytes)}`);
    const exceeded = ofRequests.isExceeded ? ofRequests : ofBytes.isExceeded ? ofBytes : null;
    const spent = isFree ? null : exceeded;
    if (hasKeyRoom && hasTenantRoom && spent === null) return next();
    // The body is not read, so its bytes are given back: a smaller body may still fit.
    void bytes.reward(keyId, bodyBytes);
    if (spent === null && !hasKeyRoom) throw new AppError('too_many_at_once');
    if (spent === null)
      throw new AppError('too_many_at_once', { detail: 'Too many requests of this tenant are in progress.' });
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

function asAccount({ msBeforeNext, consumedPoints }: RateLimiterRes, limit: number): Account {
  return {
    left: Math.max(0, limit - consumedPoints),
    resetS: Math.min(WINDOW_S, Math.max(1, Math.ceil(msBeforeNext / 1_000))),
    isExceeded: consumedPoints > limit,
  };
}

function describe(name: string, { left, resetS }: Account): string {
  return `"${name}";r=${left};t=${resetS}`;
}
