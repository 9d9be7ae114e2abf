/** TLS with the receiver failed. The message says why in words. The log shows it, so it holds nothing of a URL but its host. */
export class TlsFault extends Error {
  override readonly name = 'TlsFault';
  readonly code = 'tls_error';
}

/** A certificate can name hundreds of hosts. */
const MAX_NAMES_LENGTH = 200;

const NO_COMMON_VERSION = 'The receiver and Validatr have no version of TLS in common.';
const UNKNOWN_AUTHORITY = 'The authority behind the certificate is not known.';

/** By the codes of Node and OpenSSL. */
const REASONS: Readonly<Record<string, string>> = {
  // The receiver sends one certificate only. Nothing in it tells which of the two it is.
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'The issuer of the certificate is not known: the receiver does not send its intermediate certificate, or a private authority signed it.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate is self-signed.',
  CERT_HAS_EXPIRED: 'The certificate, or one behind it, has expired.',
  CERT_NOT_YET_VALID: 'The certificate, or one behind it, is not valid yet.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'The receiver does not speak TLS at this port. Perhaps it speaks plain HTTP.',
  ERR_SSL_UNSUPPORTED_PROTOCOL: NO_COMMON_VERSION,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: NO_COMMON_VERSION,
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'The receiver has no certificate for this name.',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'The receiver asks for a client certificate. Validatr has none.',
};

/** `error` comes from a connection that does TLS. */
export function asTlsFault(error: unknown): TlsFault {
  const code = codeOf(error);
  return new TlsFault(REASONS[code] ?? wordsOf(code, error as TlsError), { cause: error });
}

/** Whether TLS itself failed, and not the connection below it or the answer inside. */
export function isTlsError(error: unknown): boolean {
  return /^ERR_(?:SSL|TLS)_/.test(codeOf(error));
}

/** The code of a `DOMException` is a number. */
function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}

interface TlsError {
  /** OpenSSL's own words. */
  readonly reason?: string;
  readonly cert?: { readonly subjectaltname?: string };
}

function wordsOf(code: string, { reason, cert }: TlsError): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `The certificate is for another name (${namesIn(cert?.subjectaltname)}).`;
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return 'The receiver ended the connection during the TLS handshake. Perhaps it speaks plain HTTP at this port.';
  if (code.startsWith('ERR_SSL_') && reason !== undefined) return `The TLS handshake failed: ${reason}.`;
  return `The certificate or the TLS handshake is not valid (${code}).`;
}

/** E.g. `DNS:hooks.example`. The receiver chose the text, and databases and terminals take no control characters. */
function namesIn(text = 'it has none'): string {
  const printable = text.replaceAll(/[^\x20-\x7e]/g, '?');
  return printable.length > MAX_NAMES_LENGTH ? `${printable.slice(0, MAX_NAMES_LENGTH)}…` : printable;
}
