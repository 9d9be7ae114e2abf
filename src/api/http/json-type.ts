import { parse } from 'content-type';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/;

/** The registered name, and the one that people often write. Neither depends on case. */
const UTF_8 = /^utf-?8$/i;

/** A header can be long, and the answer repeats it. */
const MAX_QUOTE = 100;

/** Null if the body is declared as JSON in UTF-8, which is the only charset of JSON (RFC 8259). Otherwise what to do instead. */
export function findTypeFault(header: string | undefined): string | null {
  if (header === undefined) return 'There is no Content-Type. Send application/json.';
  // A value in quotes is equal to the same value without quotes (RFC 9110, 5.6.6).
  const { type, parameters } = parse(header);
  if (!JSON_TYPE.test(type)) return `The Content-Type is ${quote(header)}. Send application/json.`;
  const charset = parameters['charset'];
  if (charset === undefined || UTF_8.test(charset)) return null;
  return `The charset is ${quote(charset)}. Send UTF-8, and leave charset out or set it to utf-8.`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE)}…` : text);
}
