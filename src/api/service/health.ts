import { Router } from 'express';
import { z } from 'zod';
import type { Answer } from '../http/answer.ts';
import { sendProblem } from '../http/problem.ts';
import { route } from '../http/routes.ts';
import { AppError } from '../../domain/errors.ts';

/** One thing that a ready process needs. */
export interface ReadinessCheck {
  readonly name: string;
  readonly isReady: () => Promise<boolean>;
}

export const liveness = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' });

export const readiness = z
  .object({
    status: z.enum(['ready', 'unavailable']),
    checks: z.record(z.string(), z.enum(['ok', 'unavailable'])).meta({ examples: [{ postgres: 'ok' }] }),
  })
  .meta({ id: 'Readiness' });

/** A load balancer gives up on a slow answer, and then does not read what is missing. */
const CHECK_DEADLINE_MS = 2_000;

/** Anybody may ask, and each look costs queries: an answer may be this old. */
const LOOK_HOLDS_MS = 500;

/** `/healthz`: the process runs. `/readyz`: it can serve; 503 names what is away. */
export function createHealthRouter(checks: readonly ReadinessCheck[], isDraining: () => boolean): Router {
  const router = Router();
  let lastLook: { readonly at: number; readonly results: ReturnType<typeof checkAll> } | null = null;

  /** Whoever asks, and however often: one look at a time, and what it found holds for a moment. */
  function look(): ReturnType<typeof checkAll> {
    const now = performance.now();
    if (lastLook === null || now - lastLook.at > LOOK_HOLDS_MS)
      lastLook = { at: now, results: checkAll(checks) };
    return lastLook.results;
  }

  route(router, '/healthz', {
    get: [
      (_req, res) => {
        res.json({ status: 'ok' } satisfies Answer<typeof liveness>);
      },
    ],
  });
  route(router, '/readyz', {
    get: [
      async (_req, res) => {
        if (isDraining()) return sendProblem(res, new AppError('draining'));
        const results = await look();
        const ready = results.every(([, status]) => status === 'ok');
        res.status(ready ? 200 : 503);
        if (!ready) res.set('Retry-After', '1');
        const checked: Answer<typeof readiness> = {
          status: ready ? 'ready' : 'unavailable',
          checks: Object.fromEntries(results),
        };
        res.json(checked);
      },
    ],
  });
  return router;
}

function checkAll(checks: readonly ReadinessCheck[]) {
  return Promise.all(
    checks.map(
      async ({ name, isReady }) => [name, (await inTime(isReady())) ? 'ok' : 'unavailable'] as const,
    ),
  );
}

async function inTime(answer: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, CHECK_DEADLINE_MS, false);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
