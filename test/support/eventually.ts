/** Calls `probe` until it gives something other than undefined or false. @throws after `timeoutMs` */
export async function eventually<Found>(
  probe: () => Promise<Found | undefined | false> | Found | undefined | false,
  { timeoutMs = 15_000, everyMs = 20, what = 'the condition' } = {},
): Promise<Found> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not come about within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
