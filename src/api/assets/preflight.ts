import { NOTIFICATION_KEYS, type NotificationKey } from '../../domain/asset.ts';
import type { FieldFault } from '../../domain/errors.ts';
import { type Finding, reportFindings } from '../../domain/findings.ts';
import type { Submission } from '../../domain/ports/assets.ts';
import type { AssetSource } from '../../domain/ports/sources.ts';
import type { JudgeHost } from '../../domain/ports/webhooks.ts';
import { parseHttpUrl } from '../../domain/http/http-url.ts';

/**
 * Finds every fault of a submission that can be known at once. Clients ask for it by `handling=strict`. The pipeline checks
 * again. @throws {AppError} `storage_unavailable`
 */
export type Preflight = (tenant: string, submission: Submission) => Promise<FieldFault[]>;

export function createPreflight({
  source,
  judgeHost,
}: {
  source: Pick<AssetSource, 'stat'>;
  judgeHost: JudgeHost;
}): Preflight {
  async function checkAsset(tenant: string, { assetPath, notifications }: Submission): Promise<FieldFault[]> {
    const found = await source.stat(assetPath, { tenant });
    if (!('unreachable' in found)) return [];
    const pointer = assetPath.location === 'local' ? '/assetPath/path' : '/assetPath';
    const fault = asFault(pointer, { code: 'asset_not_reachable', key: 'onStart' }, notifications);
    return [{ ...fault, cause: found.unreachable }];
  }

  async function checkWebhooks(tenant: string, { notifications }: Submission): Promise<FieldFault[]> {
    // All four URLs often have the same host.
    const judged = new Map<string, ReturnType<JudgeHost>>();

    async function checkWebhook(key: NotificationKey): Promise<FieldFault[]> {
      const given = notifications[key];
      if (given === undefined) return [];
      const pointer = `/notifications/${key}`;
      const url = parseHttpUrl(given);
      if (url === null) return [asFault(pointer, { code: 'webhook_url_invalid', key }, notifications)];
      const verdict = judged.get(url.hostname) ?? judgeHost(url.hostname, tenant);
      judged.set(url.hostname, verdict);
      if ((await verdict) !== 'forbidden') return [];
      return [{ pointer, code: 'address_forbidden', detail: 'Webhooks may not reach this address.' }];
    }

    return (await Promise.all(NOTIFICATION_KEYS.map(checkWebhook))).flat();
  }

  return async (tenant, submission) =>
    (await Promise.all([checkAsset(tenant, submission), checkWebhooks(tenant, submission)])).flat();
}

/** Words the fault as the pipeline does. */
function asFault(pointer: string, finding: Finding, notifications: Submission['notifications']): FieldFault {
  const detail = reportFindings([finding], notifications)[0]?.message ?? '';
  return { pointer, code: finding.code, detail };
}
