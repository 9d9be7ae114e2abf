const MASK = '***';

/** Fields whose text is or may hold a secret: webhook URLs, headers, passwords and keys. */
const SECRET_FIELD =
  '(?:proxy-)?authorization|(?:set-)?cookie|[\\w-]*(?:api[-_]?key|secrets?(?:[-_]?key)?|passw(?:or)?d|token|url)|on(?:Start|Success|Failure|Cancel)';

type Rule = readonly [RegExp, string];

/** API keys and webhook secrets of Validatr. */
const OURS: readonly Rule[] = [
  [/\bvk_[A-Za-z0-9_]+/g, `vk_${MASK}`],
  [/\bwhsec_[A-Za-z0-9+/=]+/g, `whsec_${MASK}`],
];

/**
 * Patterns that are masked anywhere in a line. A repetition is bounded if the character that ends it may be missing. Otherwise a
 * client that chooses the logged text, such as a path, could choose how long the search takes.
 */
const RULES: readonly Rule[] = [
  // Fields in JSON, and in JSON that is a string in JSON (with escaped quotes).
  [
    new RegExp(`(\\\\?")(${SECRET_FIELD})\\1(:\\s?)\\1(?:\\\\{3}"|(?!\\1)(?:\\\\.|[^"\\\\]))*`, 'gi'),
    `$1$2$1$3$1${MASK}`,
  ],
  [/\b(Bearer|Basic) +[\w.~+/=-]+/gi, `$1 ${MASK}`],
  ...OURS,
  // User info of any URL, also of an invalid one, because a password may have any character. `:8000/` is a port.
  [/:\/\/(?:[^\s"/?#@:]{1,100}|[^\s"/?#@:]{0,100}:(?!\d{1,5}[/?#])[^\s"]{0,200})@/g, `://${MASK}@`],
  // The other form of a connection string of libpq.
  [/\b(password ?= ?)(?:\\.|[^\s"\\&,;])+/gi, `$1${MASK}`],
];

/** Masks all secrets. A JSON line stays valid JSON. A line of the request log takes 1.5 µs. */
export function redact(text: string): string {
  return apply(RULES, text);
}

/** Masks only API keys and webhook secrets. It is for answers, which quote what a client sent. */
export function redactKeys(text: string): string {
  return apply(OURS, text);
}

function apply(rules: readonly Rule[], text: string): string {
  return rules.reduce((redacted, [pattern, replacement]) => redacted.replace(pattern, replacement), text);
}
