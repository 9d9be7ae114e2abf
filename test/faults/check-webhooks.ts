import type { NotificationKey } from '../../src/domain/asset.ts';
import type { RecordOf } from './log.ts';
import type { Sighting, Violation, Webhook } from './sightings.ts';

/** The terminal event waits for onStart's first try, but at most this long after onStart was due (contract). */
const START_EVENT_GRACE_MS = 10_000;

/**
 * Checks that the events that came are exactly the expected ones: onStart and the end of each asset with a usable URL. Each has
 * one id and one body however often it came. The end does not come before the start.
 */
export function checkWebhooks({ submission, request, acknowledged, rows, webhooks }: Sighting): Violation[] {
  const violations: Violation[] = [];
  const report = (rule: Violation['rule'], detail: string) => violations.push({ rule, submission, detail });
  const bodies = expectedBodies(request, acknowledged[0] ?? rows[0]?.id);

  for (const { event, body, id } of webhooks) {
    const expected = bodies.get(event);
    if (expected === undefined) report('webhook_unexpected', `${event}: ${body}`);
    else if (body !== expected) report('webhook_body', `${event}: ${body}; expected ${expected}`);
    if (id === null || id === '') report('webhook_id', `${event} came without webhook-id`);
  }
  for (const event of bodies.keys()) {
    const ids = new Set(webhooks.filter((webhook) => webhook.event === event).map(({ id }) => id));
    if (ids.size === 0) report('webhook_missing', `${event} never came`);
    if (ids.size > 1) report('webhook_id', `${event} came under ${ids.size} ids: ${[...ids].join(', ')}`);
  }
  const late = endBeforeStart({ request, rows, webhooks });
  if (late !== null && !late.isAllowed) report('webhook_order', late.detail);
  return violations;
}

/** A terminal event that came before onStart. `isAllowed`: it had waited as long as it must. Null if there is none. */
export function endBeforeStart({
  request,
  rows,
  webhooks,
}: Pick<Sighting, 'request' | 'rows' | 'webhooks'>): { isAllowed: boolean; detail: string } | null {
  const [start, end] = [webhooks.find(isStart), webhooks.find((webhook) => !isStart(webhook))];
  if (!request.usable.includes('onStart') || end === undefined) return null;
  if (start !== undefined && start.at <= end.at) return null;
  const dueAt = rows[0]?.startedAt ?? null;
  return {
    isAllowed: dueAt !== null && end.at >= dueAt + START_EVENT_GRACE_MS,
    detail: `${end.event} came before onStart, ${dueAt === null ? '?' : Math.round(end.at - dueAt)} ms after that was due`,
  };
}

/** Checks over the whole log that an id names one event, and that all its requests are the same byte for byte. */
export function checkIds(sightings: readonly Sighting[]): Violation[] {
  const seen = new Map<string, { submission: number; event: NotificationKey; body: string }>();
  return sightings.flatMap(({ submission, webhooks }) =>
    webhooks.flatMap(({ id, event, body }): Violation[] => {
      if (id === null) return [];
      const first = seen.get(id);
      seen.set(id, first ?? { submission, event, body });
      if (first === undefined) return [];
      if (first.submission !== submission || first.event !== event) {
        const detail = `${id} names ${event} and the ${first.event} of submission ${first.submission}`;
        return [{ rule: 'webhook_id', submission, detail }];
      }
      if (first.body === body) return [];
      return [{ rule: 'webhook_body', submission, detail: `${id} came with ${first.body} and with ${body}` }];
    }),
  );
}

/** The exact bodies by event. Empty if there is no asset to tell about. */
function expectedBodies(
  { usable, expected: { state, errors } }: RecordOf<'request'>,
  id: string | undefined,
): Map<NotificationKey, string> {
  const bodies = new Map<NotificationKey, string>();
  if (id === undefined) return bodies;
  const end = state === 'complete' ? 'onSuccess' : 'onFailure';
  if (usable.includes('onStart')) bodies.set('onStart', JSON.stringify({ id, state: 'in_progress' }));
  if (usable.includes(end))
    bodies.set(end, JSON.stringify(errors === null ? { id, state } : { id, state, errors }));
  return bodies;
}

function isStart({ event }: Webhook): boolean {
  return event === 'onStart';
}
