import { hash } from 'node:crypto';

/** How many entries are kept, of all tenants. */
const MAX_ENTRIES = 10_000;

/** Longer keys are kept as their hash (44 characters), which can't be mistaken for an id or an origin. */
const MAX_KEY_LENGTH = 64;

/**
 * Remembers what is unusual about the receivers of tenants. Clients choose the keys, so:
 *
 * - A long key is kept as its hash. V8 hashes strings above 16 KiB by their length alone, so a `Map` compares such a key with
 *   all others of its length. 1,500 URLs of 300 KB took 550 MiB and minutes of processor time.
 * - If there are too many entries, the tenant that has most of them loses its oldest. So no tenant can push out the entries of others.
 * - `isUsual`: an entry that says nothing is not kept.
 */
export function createTenantMemory<Entry extends object>({
  makeUsual,
  isUsual,
}: {
  makeUsual: () => Entry;
  isUsual: (entry: Entry) => boolean;
}) {
  /** By tenant, then by key. The least recently changed comes first. */
  const tenants = new Map<string, Map<string, Entry>>();
  let size = 0;

  function drop(tenant: string, entries: Map<string, Entry>, key: string): void {
    entries.delete(key);
    size -= 1;
    if (entries.size === 0) tenants.delete(tenant);
  }

  function dropOne(): void {
    let [tenant, largest]: [string, Map<string, Entry>] = ['', new Map()];
    for (const one of tenants) if (one[1].size > largest.size) [tenant, largest] = one;
    const [oldest] = largest.keys();
    if (oldest !== undefined) drop(tenant, largest, oldest);
  }

  return {
    find: (tenant: string, key: string): Entry | undefined => tenants.get(tenant)?.get(shorten(key)),

    /** Changes an entry. Returns the function for a later change of the same entry. */
    change(tenant: string, key: string, change: (entry: Entry) => void): (later: typeof change) => void {
      const short = shorten(key);
      const entry = tenants.get(tenant)?.get(short) ?? makeUsual();

      function apply(one: typeof change): void {
        one(entry);
        const entries = tenants.get(tenant) ?? new Map<string, Entry>();
        const known = entries.get(short);
        // It was dropped and begun anew meanwhile.
        if (known !== undefined && known !== entry) return;
        if (isUsual(entry)) {
          if (known !== undefined) drop(tenant, entries, short);
          return;
        }
        if (known === undefined) {
          if (size >= MAX_ENTRIES) dropOne();
          size += 1;
        }
        entries.delete(short);
        entries.set(short, entry);
        tenants.set(tenant, entries);
      }

      apply(change);
      return apply;
    },
  };
}

function shorten(key: string): string {
  return key.length <= MAX_KEY_LENGTH ? key : hash('sha256', key, 'base64');
}
