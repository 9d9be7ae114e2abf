import { Webhook } from 'standardwebhooks';
import type { LogRecord } from '../../faults/log.ts';

const RECEIVER = 'http://127.0.0.1:9';
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** On a whole second, as `webhook-timestamp` has it. */
export const BEGIN = 1_800_000_000_000;

const OUTCOMES = [
  { path: './assets/rocket.jpg', state: 'complete', errors: null },
  { path: './assets/not-an-image.jpg', state: 'failed', errors: { asset: ['Asset is not an image.'] } },
] as const;

/** A run of two submissions, one complete and one failed, and one kill, in which nothing is amiss. */
export function healthyLog(): LogRecord[] {
  const log: LogRecord[] = [
    {
      at: BEGIN,
      type: 'run',
      seed: 7,
      rate: 10,
      submissions: 2,
      faults: 1,
      clockStepMs: 3_600_000,
      slowness: 1,
    },
    {
      at: BEGIN + 50,
      type: 'fault_begun',
      fault: 0,
      target: 'worker',
      kind: 'kill',
      atMs: 50,
      forMs: 0,
    },
    { at: BEGIN + 60, type: 'fault_ended', fault: 0 },
    { at: BEGIN + 65, type: 'program_started', program: 'worker' },
    { at: BEGIN + 900, type: 'memory', program: 'api', peakMiB: 300 },
    { at: BEGIN + 900, type: 'memory', program: 'worker', peakMiB: 700 },
  ];
  for (const [submission, { path, state, errors }] of OUTCOMES.entries()) {
    const id = `asset-${submission}`;
    const at = BEGIN + submission * 100;
    const end = state === 'complete' ? 'onSuccess' : 'onFailure';
    log.push(
      {
        at,
        type: 'request',
        submission,
        path,
        usable: ['onStart', 'onSuccess', 'onFailure'],
        expected: { state, errors },
      },
      { at: at + 5, type: 'acknowledged', submission, id },
      webhook(at + 20, submission, 'onStart', JSON.stringify({ id, state: 'in_progress' })),
      webhook(
        at + 30,
        submission,
        end,
        JSON.stringify(errors === null ? { id, state } : { id, state, errors }),
      ),
      {
        at: at + 900,
        type: 'row',
        id,
        submission,
        state,
        errors: errors === null ? null : JSON.stringify(errors),
        attempt: 1,
        claims: 1,
        startedAt: at + 15,
        finishedAt: at + 25,
      },
    );
  }
  for (const key of ['onStart', 'onSuccess', 'onFailure'])
    log.push({ at: BEGIN + 2_000, type: 'secret', endpoint: `${RECEIVER}/${key}`, secret: SECRET });
  return log;
}

/** An event as it should arrive: signed with the endpoint's secret. */
export function webhook(
  at: number,
  submission: number,
  event: string,
  body: string,
  id = `${submission}-${event}`,
): LogRecord {
  const signedAt = new Date(Math.floor(at / 1000) * 1000);
  return {
    at,
    type: 'webhook',
    url: `${RECEIVER}/${event}?submission=${submission}`,
    id,
    timestamp: String(signedAt.getTime() / 1000),
    signature: `v1,bm90IHRoaXMgb25l ${new Webhook(SECRET).sign(id, signedAt, body)}`,
    body,
  };
}
