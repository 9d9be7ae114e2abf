import type { Readable } from 'node:stream';
import { AppError } from '../../../src/domain/errors.ts';
import type { Found } from '../../../src/domain/ports/sources.ts';
import type { Unreachable } from '../../../src/domain/sources/unreachable.ts';
import { createAddressGuard } from '../../../src/network/address-guard.ts';
import { createLookup } from '../../../src/network/names/lookup.ts';
import { faultOf } from '../../../src/sources/faults.ts';
import { createHttpSource } from '../../../src/sources/http.ts';

type Settings = Parameters<typeof createHttpSource>[0];

const MAX_BYTES = 1024 * 1024;

/** A pace that no server misses. So a connection that is left over stays, and is found. */
export const WITHOUT_PACE = { bytes: 0, everyMs: 2 ** 30 };

/** The source as the programs make it. It may reach loopback. */
export function createTestHttpSource(settings: Partial<Settings> = {}) {
  const source = createHttpSource({
    isAllowed: createAddressGuard(['127.0.0.0/8', '::1/128']),
    lookup: createLookup({ servers: [] }),
    maxBytes: MAX_BYTES,
    ...settings,
  });

  return {
    stat: (url: string, signal?: AbortSignal) =>
      inOneWord(source.stat({ location: 'http', url }, { tenant: 'a', ...(signal && { signal }) })),

    /** The body as text, or the cause or trouble in one word. Reads up to `most` bytes, as staging does. */
    async get(url: string, { most = MAX_BYTES, signal }: { most?: number; signal?: AbortSignal } = {}) {
      const call = { tenant: 'a', ...(signal && { signal }) };
      const object = await inOneWord(source.get({ location: 'http', url }, call));
      if (typeof object === 'string') return object;
      return { bytes: object.bytes, body: await readAll(object.body, most) };
    },

    /** How long its server asks us to wait, seconds. Undefined if it does not say. @throws {Error} if there is no trouble */
    async pauseAfter(url: string): Promise<number | undefined> {
      const error: unknown = await source.get({ location: 'http', url }, { tenant: 'a' }).then(
        () => null,
        (failure: unknown) => failure,
      );
      if (!(error instanceof AppError)) throw new Error('The asset is in no trouble', { cause: error });
      return error.retryAfterS;
    },
  };
}

async function readAll(body: Readable, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let came = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      came += chunk.length;
      if (came >= most) break;
    }
    return Buffer.concat(chunks).subarray(0, most).toString();
  } catch (error) {
    return wordOf(faultOf(error));
  }
}

/** A cause by its name, trouble as `trouble <reason>`. */
async function inOneWord<Answer extends Found>(
  asked: Promise<Answer | Unreachable>,
): Promise<Answer | string> {
  try {
    const answer = await asked;
    return 'unreachable' in answer ? answer.unreachable : answer;
  } catch (error) {
    if (error instanceof AppError) return wordOf(error);
    throw error;
  }
}

export function wordOf(fault: Unreachable | AppError): string {
  if (!(fault instanceof AppError)) return fault.unreachable;
  return `trouble ${(fault.cause as Error).message}`;
}
