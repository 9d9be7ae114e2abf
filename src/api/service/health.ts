import type { Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { Answer } from '../http/answer.ts';
import { defineOperation } from '../http/operation.ts';
import { sendProblem } from '../http/problem.ts';
import { retryAfter } from '../openapi/headers.ts';

/** One part of the system that this process works with. */
export interface ReadinessCheck {
  readonly name: string;
  /** Whether the process can't serve without the part. `/startupz` waits for all parts, once. */
  readonly isNeededToServe: boolean;
  /** Resolves with the reason why the thing can't be used, or with null. The reason is public, so it names no secret. */
  readonly findTrouble: () => Promise<string | null>;
}

export interface HealthDeps {
  readonly readiness: readonly ReadinessCheck[];
  readonly isDraining: () => boolean;
}

/** Load balancers give up on a slow answer, and then nobody can read what is missing. */
const CHECK_DEADLINE_MS = 2_000;

/** Kubernetes waits one second for a probe by default. A part that the process can serve without must not use that up. */
const OTHER_PART_DEADLINE_MS = 500;

/** Anybody may ask, and each look costs queries, so an answer may be this old. */
const LOOK_HOLDS_MS = 500;

const checks = z.record(z.string(), z.enum(['ok', 'unavailable'])).meta({
  examples: [{ postgres: 'ok', temporal: 'ok', worker: 'ok', storage: 'ok' }],
});
const reasons = z
  .record(z.string(), z.string())
  .optional()
  .describe('Why a check is `unavailable`, in words.')
  .meta({ examples: [{ temporal: 'it does not answer' }] });

const liveness = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' });

const readiness = z
  .object({ status: z.enum(['ready', 'unavailable']), checks, reasons })
  .meta({ id: 'Readiness' });

const startup = z
  .object({ status: z.enum(['started', 'starting']), checks, reasons })
  .meta({ id: 'Startup' });

export const getHealth = defineOperation({
  method: 'get',
  path: '/healthz',
  id: 'getHealth',
  tag: 'service',
  summary: 'Whether the process runs',
  scope: null,
  isExempt: true,
  replies: { 200: { description: 'The process runs.', schema: liveness } },
  handle: () => (_req, res) => {
    res.json({ status: 'ok' } satisfies Answer<typeof liveness>);
  },
});

export const getReadiness = defineOperation({
  method: 'get',
  path: '/readyz',
  id: 'getReadiness',
  tag: 'service',
  summary: 'Whether the process can serve',
  description:
    'It can serve while Postgres answers. `checks` also tells of the other parts: without them, assets are accepted and wait.',
  scope: null,
  isExempt: true,
  replies: {
    200: { description: 'The process can serve.', schema: readiness },
    503: {
      description: 'The process can not serve. `checks` names what is missing, `reasons` says why.',
      schema: readiness,
      headers: { 'Retry-After': retryAfter },
    },
  },
  problems: ['draining'],
  handle({ readiness: checks, isDraining }: HealthDeps) {
    const needed = new Set(checks.flatMap(({ name, isNeededToServe }) => (isNeededToServe ? [name] : [])));
    const look = shareLooks(() =>
      checkAll(checks, (part) => (part.isNeededToServe ? CHECK_DEADLINE_MS : OTHER_PART_DEADLINE_MS)),
    );
    return async (_req, res) => {
      if (isDraining()) return sendProblem(res, new AppError('draining'));
      const results = await look();
      const isReady = results.every(([name, trouble]) => trouble === null || !needed.has(name));
      answerWith(res, isReady);
      const checked: Answer<typeof readiness> = {
        status: isReady ? 'ready' : 'unavailable',
        ...describe(results),
      };
      res.json(checked);
    };
  },
});

export const getStartup = defineOperation({
  method: 'get',
  path: '/startupz',
  id: 'getStartup',
  tag: 'service',
  summary: 'Whether everything was there once',
  description:
    'Postgres, Temporal, a worker and the asset roots have been there at once since the process started. The answer then stays ' +
    '200. It is for scripts that start the system. `/readyz` is for load balancers.',
  scope: null,
  isExempt: true,
  replies: {
    200: { description: 'Everything was there.', schema: startup },
    503: {
      description: 'Something has been missing until now. `checks` names it, `reasons` says why.',
      schema: startup,
      headers: { 'Retry-After': retryAfter },
    },
  },
  handle({ readiness: checks }: HealthDeps) {
    const look = shareLooks(() => checkAll(checks, () => CHECK_DEADLINE_MS));
    let whole: Results | null = null;
    return async (_req, res) => {
      const results = whole ?? (await look());
      const isStarted = results.every(([, trouble]) => trouble === null);
      if (isStarted) whole = results;
      answerWith(res, isStarted);
      const checked: Answer<typeof startup> = {
        status: isStarted ? 'started' : 'starting',
        ...describe(results),
      };
      res.json(checked);
    };
  },
});

/** Each part with its trouble. */
type Results = readonly (readonly [name: string, trouble: string | null])[];

function answerWith(res: Response, isGood: boolean): void {
  res.status(isGood ? 200 : 503);
  if (!isGood) res.set('Retry-After', '1');
}

function describe(results: Results): Pick<Answer<typeof readiness>, 'checks' | 'reasons'> {
  const troubles = results.filter((result): result is [string, string] => result[1] !== null);
  return {
    checks: Object.fromEntries(
      results.map(([name, trouble]) => [name, trouble === null ? 'ok' : 'unavailable'] as const),
    ),
    ...(troubles.length > 0 && { reasons: Object.fromEntries(troubles) }),
  };
}

/** Lets all callers share one look at a time. Its result holds for `LOOK_HOLDS_MS`. */
function shareLooks(look: () => Promise<Results>): () => Promise<Results> {
  let last: { readonly at: number; readonly results: Promise<Results> } | null = null;
  return () => {
    const now = performance.now();
    if (last === null || now - last.at > LOOK_HOLDS_MS) last = { at: now, results: look() };
    return last.results;
  };
}

function checkAll(
  checks: readonly ReadinessCheck[],
  deadlineMs: (check: ReadinessCheck) => number,
): Promise<Results> {
  return Promise.all(
    checks.map(async (check) => [check.name, await inTime(check.findTrouble(), deadlineMs(check))] as const),
  );
}

async function inTime(answer: Promise<string | null>, deadlineMs: number): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, deadlineMs, 'it does not answer in time');
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
