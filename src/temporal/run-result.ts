import { z } from 'zod';
import { REASON_CODES } from '../domain/findings.ts';
import type { Verdict } from '../domain/verdict.ts';

const finished = z.looseObject({
  outcome: z.literal('finished'),
  state: z.enum(['complete', 'failed', 'canceled']),
  findings: z.array(z.looseObject({ code: z.enum(REASON_CODES), key: z.string() })),
  steps: z.array(z.looseObject({ name: z.string(), state: z.string() })),
  image: z.looseObject({}).nullable(),
});

/** The verdict in the result of a validation. Null if the run found none, or if the result is not one of ours. */
export function verdictIn(result: unknown): Verdict | null {
  const { data } = finished.safeParse(result);
  return data === undefined ? null : (data as unknown as Verdict);
}
