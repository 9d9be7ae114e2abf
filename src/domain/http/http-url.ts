/**
 * URLs of clients: of webhooks, and of assets. Everything after the origin is secret, because many servers take a token or a
 * signature there. So logs and answers show only `describeHttpUrl`.
 */

/** The parsed URL, or null unless the text is a valid absolute http(s) URL without user info. */
export function parseHttpUrl(text: string): URL | null {
  // `new URL` repairs broken URLs: it drops tabs and newlines, trims blanks, and reads `http:example.com` and
  // `http:\\example.com` as absolute. None of these is a valid URL (RFC 3986).
  if (!/^https?:\/\/[^/?#]/i.test(text) || /[\s\\<>"{}|^`]/.test(text) || hasControlCharacter(text))
    return null;
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hostname === '') return null;
  // `http://@host` and `http://:@host` have an empty user info, which the parser drops.
  if (authorityOf(text).includes('@')) return null;
  return url;
}

/**
 * The text with `***` in place of the password of its user info. It also works on invalid URLs, with any number of
 * slashes or backslashes after the scheme, because browsers find a password there too.
 */
export function maskPassword(text: string): string {
  const masked = text.replace(/^((?:[^:/\\?#@]*:)?[/\\]*[^:@/\\?#]*):[^/\\?#]*@/, '$1:***@');
  if (masked !== text || URL.parse(text) !== null) return masked;
  // The text cannot be parsed. A raw `/`, `?` or `#` may be part of the password,
  // so everything up to the last @ is replaced.
  return text.replace(/^([^:]*:[/\\]*[^:@]*):.*@/s, '$1:***@');
}

/** Scheme and host, with `…` for the rest. Only this may be shown of a client's URL. */
export function describeHttpUrl(text: string): string {
  const url = parseHttpUrl(text);
  return url === null ? '(invalid URL)' : `${url.protocol}//${url.host}/…`;
}

function authorityOf(text: string): string {
  return /^[^/]*\/\/([^/?#]*)/.exec(text)?.[1] ?? '';
}

function hasControlCharacter(text: string): boolean {
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
