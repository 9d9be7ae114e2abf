const MASK = '***';

/** Fields whose text is a secret, or may hold one: webhook URLs beyond their origin, headers, passwords and keys. */
const SECRET_FIELD =
  '(?:proxy-)?authorization|(?:set-)?cookie|[\\w-]*(?:api[-_]?key|secrets?(?:[-_]?key)?|passw(?:or)?d|token|url)|on(?:Start|Success|Failure|Cancel)';

type Rule = readonly [RegExp, string];

/** Our own keys and webhook secrets. */
const OURS: readonly Rule[] = [
  [/\bvk_[A-Za-z0-9_]+/g, `vk_${MASK}`],
  [/\bwhsec_[A-Za-z0-9+/=]+/g, `whsec_${MASK}`],
];

/**
 * What is cut out of a line, wherever it stands. Every repetition that ends with a character it may not find is bounded: who
 * chooses what is logged, such as a path, must not choose how long that takes.
 */
const RULES: readonly Rule[] = [
  // In JSON, and in JSON that is text in JSON (its quotes are escaped).
  [
    new RegExp(`(\\\\?")(${SECRET_FIELD})\\1(:\\s?)\\1(?:\\\\{3}"|(?!\\1)(?:\\\\.|[^"\\\\]))*`, 'gi'),
    `$1$2$1$3$1${MASK}`,
  ],
  [/\b(Bearer|Basic) +[\w.~+/=-]+/gi, `$1 ${MASK}`],
  ...OURS,
  // User info of any URL, be it one that a parser refuses: a password may have any character. `:8000/` is a port.
  [/:\/\/(?:[^\s"/?#@:]{1,100}|[^\s"/?#@:]{0,100}:(?!\d{1,5}[/?#])[^\s"]{0,200})@/g, `://${MASK}@`],
  // libpq's other spelling.
  [/\b(password ?= ?)(?:\\.|[^\s"\\&,;])+/gi, `$1${MASK}`],
];

/** The text without the secrets in it. A JSON line stays one. A line of the request log takes 1.5 µs. */
export function redact(text: string): string {
  return apply(RULES, text);
}

/** Only without what would let someone use our API or forge our events: for answers, which quote what a client sent. */
export function redactKeys(text: string): string {
  return apply(OURS, text);
}

function apply(rules: readonly Rule[], text: string): string {
  return rules.reduce((redacted, [pattern, replacement]) => redacted.replace(pattern, replacement), text);
}
