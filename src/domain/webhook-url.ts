/**
 * Webhook URLs. Beyond its origin a URL is a secret (many receivers put their token in the path),
 * so only `describeWebhookUrl` may appear in logs and answers.
 */

/** The parsed URL, or null unless the text is a valid absolute http(s) URL without user info. */
export function parseWebhookUrl(text: string): URL | null {
  // `new URL` mends what a person would call broken: it drops tabs and newlines, trims blanks and
  // reads `http:example.com` and `http:\\example.com` as absolute. None of these is a valid URL (RFC 3986).
  if (!/^https?:\/\/[^/?#]/i.test(text) || /[\s\\<>"{}|^`]/.test(text) || hasControlCharacter(text))
    return null;
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hostname === '') return null;
  // `http://@host` and `http://:@host` have an (empty) user info that the parser forgets.
  if (authorityOf(text).includes('@')) return null;
  return url;
}

/**
 * The text with the password of its user info, if any, replaced by `***`. Works on invalid URLs too, however many or few
 * slashes, of either kind, follow the scheme: what a browser would take for a password is one.
 */
export function maskPassword(text: string): string {
  const masked = text.replace(/^((?:[^:/\\?#@]*:)?[/\\]*[^:@/\\?#]*):[^/\\?#]*@/, '$1:***@');
  if (masked !== text || URL.parse(text) !== null) return masked;
  // Not parseable at all: a raw `/`, `?` or `#` may stand inside the password, so everything up to the last @ goes.
  return text.replace(/^([^:]*:[/\\]*[^:@]*):.*@/s, '$1:***@');
}

/** Scheme and host, the rest as `…`: what may be shown of a webhook URL. */
export function describeWebhookUrl(text: string): string {
  const url = parseWebhookUrl(text);
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
