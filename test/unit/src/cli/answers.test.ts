import { describe, expect, it } from 'vitest';
import type { Session } from '../../../../src/cli/cli.ts';
import { runWords } from '../../../../src/cli/run-cli.ts';
import { KEY_ENTROPY_BYTES, makeApiKey } from '../../../../src/domain/api-key.ts';
import type { DeliveryEntry, Endpoint } from '../../../../src/domain/ports/webhooks.ts';

/** Runs the command line on stores that only have these functions. */
async function cli(
  stores: { directory?: Partial<Session['directory']>; deliveryLog?: Partial<Session['deliveryLog']> },
  ...args: string[]
): Promise<string> {
  const printed: string[] = [];
  const directory = { tenants: () => Promise.resolve([]), ...stores.directory };
  await runWords(
    args,
    {
      print: (text) => void printed.push(text),
      withSession: (work) => work({ ...stores, directory } as unknown as Session),
    },
    {},
  );
  return printed.join('\n');
}

const URL = 'https://receiver.example/hook';
const ID = '01a20dd4-4390-7886-ae0e-5d9a4a0c4518';

describe('the command line', () => {
  it('says that a test event without an answer is tried again, how long, and where to look', async () => {
    const failed = { at: new Date(), status: null, durationMs: 3, error: 'ECONNREFUSED', reason: null };
    const logOf = (state: DeliveryEntry['state']) => ({
      sendTest: () => Promise.resolve({ id: ID, endpointId: ID }),
      find: () =>
        Promise.resolve({ id: ID, state, tries: [failed], failure: null } as unknown as DeliveryEntry),
    });
    await expect(cli({ deliveryLog: logOf('pending') }, 'webhooks', 'test', URL)).rejects.toMatchObject({
      message:
        '1 try, last ECONNREFUSED in 3 ms. It is tried again in about 5 s, and so on for 76 h.\n' +
        `Look: npm run cli -- webhooks delivery ${ID} --tenant default`,
      exitCode: 1,
    });
    await expect(cli({ deliveryLog: logOf('failed') }, 'webhooks', 'test', URL)).rejects.toThrow(
      /^1 try, last ECONNREFUSED in 3 ms$/,
    );
  });

  it('says in words what is wrong with the TLS of a receiver', async () => {
    const reason = 'The certificate is self-signed.';
    const failed = { at: new Date(), status: null, durationMs: 3, error: 'tls_error', reason };
    const entry = { id: ID, state: 'failed', tries: [failed], failure: 'exhausted' };
    const log = {
      sendTest: () => Promise.resolve({ id: ID, endpointId: ID }),
      find: () => Promise.resolve(entry as unknown as DeliveryEntry),
    };
    await expect(cli({ deliveryLog: log }, 'webhooks', 'test', URL)).rejects.toThrow(
      '1 try, last tls_error in 3 ms (exhausted), because: The certificate is self-signed.',
    );
  });

  it('says that nothing was ever delivered to an endpoint', async () => {
    const endpoint: Endpoint = {
      id: ID,
      url: URL,
      verifiedAt: null,
      disabledBecause: null,
      failingSince: null,
      deliveredAt: null,
    } as Endpoint;
    const log = { listEndpoints: () => Promise.resolve([endpoint]) };
    expect(await cli({ deliveryLog: log }, 'webhooks', 'endpoints')).toContain('  never delivered  ');
    const delivered = { ...endpoint, deliveredAt: new Date(0) };
    const used = { listEndpoints: () => Promise.resolve([delivered]) };
    expect(await cli({ deliveryLog: used }, 'webhooks', 'endpoints')).toContain('last delivered 1970-01-01T');
  });

  it.each(['revoke', 'rotate'])('quotes an id that no key has, but never a key: %s', async (command) => {
    const directory = { find: () => Promise.resolve(null) };
    await expect(cli({ directory }, 'keys', command, 'nix')).rejects.toThrow(
      'There is no key with the id "nix".',
    );
    const { text } = makeApiKey(Buffer.alloc(KEY_ENTROPY_BYTES, 7));
    for (const pasted of [text, text.slice(3)])
      await expect(cli({ directory }, 'keys', command, pasted)).rejects.toThrow(
        /^There is no key with this id\.$/m,
      );
  });
});
