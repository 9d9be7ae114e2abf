/** "JPEG", "JPEG or PNG", "JPEG, PNG or GIF". */
export function listAlternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
}

/** A score for people, with at most four decimal places. */
export function round(score: number): number {
  return Math.round(score * 10_000) / 10_000;
}
