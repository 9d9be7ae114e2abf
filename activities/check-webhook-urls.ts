import type { NotificationKey } from '../src/domain/asset.ts';
import { parseHttpUrl } from '../src/domain/http/http-url.ts';
import type { ActivityDeps } from './deps.ts';
import { passed, type StepResult } from './step.ts';

/** Passes when every given URL is a valid absolute http(s) URL. The URLs are read from the row, because they are secrets. */
export function createCheckWebhookUrls({ validations }: Pick<ActivityDeps, 'validations'>) {
  return async (input: { assetId: string; webhookKeys: readonly NotificationKey[] }): Promise<StepResult> => {
    if (input.webhookKeys.length === 0) return passed;
    const webhooks = await validations.readWebhooks(input.assetId);
    const unusable = input.webhookKeys.filter((key) => parseHttpUrl(webhooks[key] ?? '') === null);
    return { findings: unusable.map((key) => ({ code: 'webhook_url_invalid', key })) };
  };
}
