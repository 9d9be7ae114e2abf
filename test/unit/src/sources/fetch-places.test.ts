import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFetchPlaces, type FetchPlaces } from '../../../../src/sources/fetch-places.ts';

const TROUBLE = { code: 'storage_unavailable' };

let places: FetchPlaces;
/** Ends each fetch that has begun, by server. */
let begun: { readonly server: string; end(): void }[];

beforeEach(() => {
  vi.useFakeTimers();
  places = createFetchPlaces();
  begun = [];
});
afterEach(() => void vi.useRealTimers());

function fetchFrom(tenant: string, server: string): Promise<void> {
  const fetched = places.use(
    { tenant, server },
    () => new Promise<void>((resolve) => begun.push({ server, end: resolve })),
  );
  // Looked at elsewhere.
  fetched.catch(() => undefined);
  return fetched;
}
const count = (server: string) => begun.filter((one) => one.server === server).length;

it('leaves half of its tenant’s places to other servers while one server is slow', async () => {
  for (let index = 0; index < 100; index += 1) void fetchFrom('a', 'https://slow.example');
  for (let index = 0; index < 100; index += 1) void fetchFrom('a', 'https://quick.example');
  await vi.advanceTimersByTimeAsync(0);
  expect([count('https://slow.example'), count('https://quick.example')]).toEqual([16, 16]);
});

it('leaves places to other tenants, also at the same server', async () => {
  for (let index = 0; index < 100; index += 1) void fetchFrom('a', `https://${index % 10}.example`);
  void fetchFrom('b', 'https://0.example');
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toHaveLength(33);
});

it('fails the next fetch from a server at once if all of its fetches are slow, and others not', async () => {
  for (let index = 0; index < 16; index += 1) void fetchFrom('a', 'slow');
  await vi.advanceTimersByTimeAsync(21_000);
  await expect(fetchFrom('a', 'slow')).rejects.toMatchObject(TROUBLE);
  void fetchFrom('a', 'quick');
  await vi.advanceTimersByTimeAsync(0);
  expect(count('quick')).toBe(1);
});

it('gives a place back when the fetch ends', async () => {
  for (let index = 0; index < 17; index += 1) void fetchFrom('a', 'one');
  await vi.advanceTimersByTimeAsync(0);
  begun[0]?.end();
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toHaveLength(17);
});
