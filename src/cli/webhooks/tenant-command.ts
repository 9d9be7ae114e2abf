import { Command } from 'commander';
import { DEFAULT_TENANT } from '../../domain/api-key.ts';
import type { KeyDirectory } from '../../domain/ports/keys.ts';
import { UsageError } from '../../process/program.ts';

export interface TenantOption {
  readonly tenant?: string;
}

/** A command about the webhooks of one tenant. */
export function tenantCommand(name: string): Command {
  return new Command(name).option(
    '--tenant <name>',
    `whose webhooks. You may leave it out while "${DEFAULT_TENANT}" is the only tenant`,
  );
}

/** Accepts existing tenants only. A URL's first use makes its endpoint and secret, which a wrong tenant would never use. */
export async function chooseTenant(directory: KeyDirectory, { tenant }: TenantOption): Promise<string> {
  const known = await directory.tenants();
  if (tenant === undefined && known.every((name) => name === DEFAULT_TENANT)) return DEFAULT_TENANT;
  if (tenant !== undefined && (tenant === DEFAULT_TENANT || known.includes(tenant))) return tenant;
  const names = [...new Set([...known, DEFAULT_TENANT])].join(', ');
  throw tenant === undefined
    ? new UsageError('There are several tenants.', `Name one: --tenant <name>, one of ${names}.`)
    : new UsageError(`No API key was ever made for the tenant "${tenant}".`, `Tenants with a key: ${names}.`);
}
