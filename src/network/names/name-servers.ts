import { promises as dns, type RecordWithTtl } from 'node:dns';
import type { SystemFiles } from './system-files.ts';

export interface Answer {
  readonly addresses: readonly string[];
  /** How long the answer is valid. */
  readonly ttlMs: number;
}

/** A question is sent again after this time, then after twice as long. A lost packet must not cost a first try its second. */
const ASK_AGAIN_MS = 400;
const MAX_QUESTIONS = 4;

/** If only one family of addresses was answered, the other one gets this time. Many servers answer no AAAA. */
const OTHER_FAMILY_MS = 100;

/** A connection tries a few addresses of a name, and each of these is checked. */
const MAX_ADDRESSES_OF_A_FAMILY = 16;

/** The server cannot tell. Another one may. */
const CANNOT_TELL: ReadonlySet<string> = new Set([
  'ESERVFAIL',
  'EREFUSED',
  'ENOTIMP',
  'EFORMERR',
  'EBADRESP',
]);

/** The name has no address. After any other failure, nobody knows. */
const HAS_NONE: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

const FAILURES = {
  ENOTFOUND: 'The name has no address',
  EAI_AGAIN: 'No name server can tell',
  ETIMEDOUT: 'No name server answered',
};

export class NameError extends Error {
  override readonly name = 'NameError';
  readonly code: keyof typeof FAILURES;

  constructor(code: keyof typeof FAILURES, cause?: unknown) {
    super(FAILURES[code], { cause });
    this.code = code;
  }
}

/** Asks name servers for A and AAAA records. The caller bounds how many questions are asked at once. */
export function createNameServers({ fullNamesOf, servers }: Pick<SystemFiles, 'fullNamesOf' | 'servers'>) {
  /** A resolver cancels all its questions or none, so each has one look-up at a time. */
  const idle: dns.Resolver[] = [];

  /** @throws {NameError} */
  async function askFor(hostname: string, resolver: dns.Resolver, signal: AbortSignal): Promise<Answer> {
    const failures: unknown[] = [];
    for (const name of fullNamesOf(hostname)) {
      try {
        return await askInTurn(name, resolver, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (codeOf(error) === 'ETIMEOUT') throw new NameError('ETIMEDOUT', error);
        failures.push(error);
      }
    }
    const unclear = failures.find((failure) => !HAS_NONE.has(codeOf(failure)));
    if (unclear !== undefined) throw new NameError('EAI_AGAIN', unclear);
    throw new NameError('ENOTFOUND', failures.at(-1));
  }

  /** c-ares asks the next server if one is silent, but not if it cannot tell. */
  async function askInTurn(name: string, resolver: dns.Resolver, signal: AbortSignal): Promise<Answer> {
    const all = servers();
    for (let first = 0; ; first += 1) {
      signal.throwIfAborted();
      resolver.setServers(all.slice(first));
      try {
        return await askBothFamilies(name, resolver);
      } catch (error) {
        if (first + 1 >= all.length || !CANNOT_TELL.has(codeOf(error))) throw error;
      }
    }
  }

  return {
    /** @throws {NameError}, or the reason of the signal. Then nobody is asked any more. */
    async ask(hostname: string, signal: AbortSignal): Promise<Answer> {
      signal.throwIfAborted();
      const resolver = idle.pop() ?? new dns.Resolver({ timeout: ASK_AGAIN_MS, tries: MAX_QUESTIONS });
      const cancel = () => resolver.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      try {
        return await askFor(hostname, resolver, signal);
      } finally {
        signal.removeEventListener('abort', cancel);
        idle.push(resolver);
      }
    },
  };
}

async function askBothFamilies(name: string, resolver: dns.Resolver): Promise<Answer> {
  const families = [resolver.resolve4(name, { ttl: true }), resolver.resolve6(name, { ttl: true })];
  const all = Promise.allSettled(families);
  const hasAny = await Promise.any(families).then(
    () => true,
    () => false,
  );
  if (hasAny) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, OTHER_FAMILY_MS)));
    await Promise.race([all, late]);
    clearTimeout(timer);
    resolver.cancel();
  }
  const settled = await all;
  const records = interleave(settled.map((one) => (one.status === 'fulfilled' ? one.value : [])));
  if (records.length === 0) throw worst(settled);
  return {
    addresses: records.map(({ address }) => address),
    ttlMs: Math.min(...records.map(({ ttl }) => ttl)) * 1_000,
  };
}

/** IPv4 first, because a machine without IPv6 is more usual than one without IPv4. Then both in turn. */
function interleave(families: readonly (readonly RecordWithTtl[])[]): RecordWithTtl[] {
  return Array.from({ length: MAX_ADDRESSES_OF_A_FAMILY }, (_, index) =>
    families.flatMap((records) => records.slice(index, index + 1)),
  ).flat();
}

/** If one family has no record and the other could not be asked, nobody knows whether the name has an address. */
function worst(settled: readonly PromiseSettledResult<unknown>[]): unknown {
  const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  return reasons.find((reason) => !HAS_NONE.has(codeOf(reason))) ?? reasons[0];
}

function codeOf(error: unknown): string {
  return (error as { code?: string } | undefined)?.code ?? '';
}
