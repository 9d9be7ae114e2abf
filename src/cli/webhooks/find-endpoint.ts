import type { DeliveryLog, Endpoint } from '../../domain/ports/webhooks.ts';
import { UsageError } from '../../process/program.ts';

/** @throws {UsageError} if the tenant has no endpoint with this id or URL */
export async function findEndpoint(log: DeliveryLog, tenant: string, idOrUrl: string): Promise<Endpoint> {
  const endpoint = await log.findEndpoint(tenant, idOrUrl);
  if (endpoint === null)
    throw new UsageError(
      `The tenant ${tenant} never used this endpoint.`,
      `\`webhooks endpoints --tenant ${tenant}\` lists those it used.`,
    );
  return endpoint;
}
