/** Bytes of the header and the count of tags (ICC.1:2022, 7.2 and 7.3). */
const SMALLEST_PROFILE = 132;

/** More tags than any real profile has. The limit is needed because the count comes from the file. */
const MAX_TAGS = 1000;

/**
 * Whether an embedded colour profile is valid: its own size, the signature `acsp` (ICC.1:2022, 7.2.9), and tags that
 * lie inside it. It does not check the values of the tags.
 */
export function judgeIccProfile(profile: Buffer): 'valid' | 'garbage' {
  if (profile.length < SMALLEST_PROFILE) return 'garbage';
  const size = profile.readUInt32BE(0);
  if (size < SMALLEST_PROFILE || size > profile.length) return 'garbage';
  if (profile.toString('latin1', 36, 40) !== 'acsp') return 'garbage';
  const tags = profile.readUInt32BE(128);
  if (tags > MAX_TAGS || SMALLEST_PROFILE + 12 * tags > size) return 'garbage';
  for (let at = SMALLEST_PROFILE; at < SMALLEST_PROFILE + 12 * tags; at += 12) {
    if (profile.readUInt32BE(at + 4) + profile.readUInt32BE(at + 8) > size) return 'garbage';
  }
  return 'valid';
}
