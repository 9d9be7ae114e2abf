import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { SECRET_OVERLAP_H } from '../../domain/delivery.ts';
import { UsageError } from '../../process/program.ts';
import type { SecretBox } from '../../webhooks/secret-box.ts';
import { formatSecret, SECRET_BYTES } from '../../webhooks/sign.ts';
import type { Cli } from '../cli.ts';
import { asUrl } from '../values.ts';
import { chooseTenant, tenantCommand, type TenantOption } from './tenant-command.ts';

interface Options extends TenantOption {
  readonly rotate?: boolean;
  readonly force?: boolean;
}

const KEY_HELP = `
An endpoint is a URL without its query. Its secret is made when it is first needed.
SECRETS_KEY has to be the one that the workers have, because they sign with this secret.`;

export function secretCommand({ print, withSession }: Cli): Command {
  return tenantCommand('secret')
    .description('Shows the signing secret of the endpoint that the URL belongs to.')
    .argument('<url>', "the receiver's URL", asUrl)
    .option('--rotate', `make a new secret. Events are signed with both for ${SECRET_OVERLAP_H} h`)
    .option('--force', `with --rotate: also if the last rotation is less than ${SECRET_OVERLAP_H} h old`)
    .addHelpText('after', KEY_HELP)
    .action((url: string, { rotate = false, force = false, ...options }: Options) => {
      if (force && !rotate)
        throw new UsageError('--force is about a rotation.', 'Add --rotate, or leave out --force.');
      return withSession(async ({ directory, endpointSecrets, secretBox }) => {
        const tenant = await chooseTenant(directory, options);
        const box = secretBox();
        const endpointId = await endpointSecrets.endpointIdOf(tenant, url);
        const fresh = box.seal(randomBytes(SECRET_BYTES), endpointId);
        const inForce = rotate
          ? await endpointSecrets.rotate(tenant, url, fresh, force)
          : await endpointSecrets.readOrCreate(tenant, url, fresh);
        const [newest] = inForce ?? [];
        if (newest === undefined)
          throw new UsageError(
            `The secret was rotated within the last ${SECRET_OVERLAP_H} h. A receiver may still verify with the older secret.`,
            'Wait, or add --force to drop the older secret.',
          );
        print(formatSecret(open(box, newest, endpointId)));
      });
    });
}

/** @throws {UsageError} if the secret was sealed with another key */
function open(box: SecretBox, sealed: Uint8Array, endpointId: string): Uint8Array {
  try {
    return box.open(sealed, endpointId);
  } catch {
    throw new UsageError(
      'The secret was sealed with another SECRETS_KEY than this one.',
      'Add the old key after the new one and a comma. If it is lost, make a new secret with --rotate.',
    );
  }
}
