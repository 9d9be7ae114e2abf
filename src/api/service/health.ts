import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { Answer } from '../http/answer.ts';
import { defineOperation } from '../http/operation.ts';
import { sendProblem } from '../http/problem.ts';
import { retryAfter } from '../openapi/headers.ts';

/** One thing that a ready process needs. */
export interface ReadinessCheck {
  readonly name: string;
  /** Resolves with the reason why the thing can't be used, or with null. The reason is public, so it names no secret. */
  readonly findTrouble: () => Promise<string | null>;
}

export interface HealthDeps {
  readonly readiness: readonly ReadinessCheck[];
  readonly isDraining: () => boolean;
}

/** Load balancers give up on a slow answer, and then nobody can read what is missing. */
const CHECK_DEADLINE_MS = 2_000;

/** Anybody may ask, and each look costs queries, so an answer may be this old. */
const LOOK_HOLDS_MS = 500;

const liveness = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' });

const readiness = z
  .object({
    status: z.enum(['ready', 'unavailable']),
    checks: z.record(z.string(), z.enum(['ok', 'unavailable'])).meta({ examples: [{ postgres: 'ok' }] }),
    reasons: z
      .record(z.string(), z.string())
      .optional()
      .describe('Why a check is `unavailable`, in words.')
      .meta({ examples: [{ temporal: 'it does not answer' }] }),
  })
  .meta({ id: 'Readiness' });

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
    const look = shareLooks(() => checkAll(checks));
    return async (_req, res) => {
      if (isDraining()) return sendProblem(res, new AppError('draining'));
      const results = await look();
      const troubles = results.filter(([, trouble]) => trouble !== null);
      const ready = troubles.length === 0;
      res.status(ready ? 200 : 503);
      if (!ready) res.set('Retry-After', '1');
      const checked: Answer<typeof readiness> = {
        status: ready ? 'ready' : 'unavailable',
        checks: Object.fromEntries(
          results.map(([name, trouble]) => [name, trouble === null ? 'ok' : 'unavailable'] as const),
        ),
        ...(!ready && { reasons: Object.fromEntries(troubles) as Record<string, string> }),
      };
      res.json(checked);
    };
  },
});

/** Lets all callers share one look at a time. Its result holds for `LOOK_HOLDS_MS`. */
function shareLooks<Results>(look: () => Promise<Results>): () => Promise<Results> {
  let last: { readonly at: number; readonly results: Promise<Results> } | null = null;
  return () => {
    const now = performance.now();
    if (last === null || now - last.at > LOOK_HOLDS_MS) last = { at: now, results: look() };
    return last.results;
  };
}

function checkAll(checks: readonly ReadinessCheck[]) {
  return Promise.all(
    checks.map(async ({ name, findTrouble }) => [name, await inTime(findTrouble())] as const),
  );
}

async function inTime(answer: Promise<string | null>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, CHECK_DEADLINE_MS, 'it does not answer in time');
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
