import { NOTIFICATION_KEYS } from '../../src/domain/asset.ts';
import type { Case } from './cases.ts';
import type { Log } from './log.ts';
import type { Plan } from './plan.ts';

/** A client gives up if it has waited this long for its 202. */
const ANSWER_TIMEOUT_MS = 30_000;

/** The event keys of a validation that nobody cancels. */
const KEYS = NOTIFICATION_KEYS.filter((key) => key !== 'onCancel');

/** Posts the plan's submissions at its rate. Resolves when each was answered or given up. */
export async function submitAll(
  { submissions, rate }: Plan,
  { baseUrl, key, receiverUrl, log }: { baseUrl: string; key: string; receiverUrl: string; log: Log },
): Promise<void> {
  const begin = performance.now();
  await Promise.all(
    submissions.map(async (what, submission) => {
      const dueMs = (submission / rate) * 1000 - (performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs)));
      await submitOne(what, submission);
    }),
  );

  async function submitOne(what: Case, submission: number): Promise<void> {
    const { path, sha256, unusable = {}, state, errors } = what;
    const usable = KEYS.filter((key) => unusable[key] === undefined);
    log.add({ type: 'request', submission, path, usable, expected: { state, errors } });
    // The number of the submission is in the query. Endpoints are URLs without it, so all submissions share three.
    const notifications = Object.fromEntries(
      KEYS.map((key) => [key, unusable[key] ?? `${receiverUrl}/${key}?submission=${submission}`]),
    );
    try {
      const answer = await fetch(`${baseUrl}/assets/image/`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ assetPath: { location: 'local', path }, sha256, notifications }),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      const body = (await answer.json()) as { id: string };
      if (answer.status === 202) log.add({ type: 'acknowledged', submission, id: body.id });
      else log.add({ type: 'not_acknowledged', submission, reason: `HTTP ${answer.status}` });
    } catch (error) {
      const { name, cause } = error as { name: string; cause?: { code?: string } };
      log.add({ type: 'not_acknowledged', submission, reason: cause?.code ?? name });
    }
  }
}
