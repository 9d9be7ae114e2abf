import type { Socket } from 'node:net';

/**
 * All that a server may send for one request: interim answers, status line, headers, chunk extensions, body and trailers. The
 * connection of a server that sends more is cut.
 */
export interface AnswerBounds {
  readonly bytes: number;
  /** A read costs about 15 µs, even if it brings one byte. */
  readonly reads: number;
  /** A line of headers or trailers costs 0.5 µs, even if it is short. Lines of the body count, too. */
  readonly lines: number;
  /**
   * Bytes of TLS beyond a quarter of what they carry. A record costs 1.4 µs, even if it brings one byte. In such records, 160 MiB
   * take 10 s.
   */
  readonly overhead: number;
}

/** Interim answers (1xx) before the final one. */
const MAX_INTERIM = 8;
/** Bytes of one interim answer. Each read copies what has come of it. */
const MAX_INTERIM_BYTES = 16 * 1024;

/**
 * The parser gets so many bytes at once. It makes an error, 25 µs, for each header line above its limit, up to the end of the
 * piece. Endless trailers took 300 ms of processor time in reads of 64 KiB, and take 15 in these. A body of 128 MiB takes 0.06 s
 * longer.
 */
const PIECE_BYTES = 4 * 1024;

const NOTHING: Buffer = Buffer.alloc(0);
const END_OF_HEAD = '\r\n\r\n';
const SWITCHING_PROTOCOLS = ' 101';
const CR = 13;
const LF = 10;

/** The answer exceeds a bound, or changes the protocol. */
export class InvalidAnswerError extends Error {
  override readonly name = 'InvalidAnswerError';
  readonly code = 'invalid_response';
}

/**
 * Bounds what each request on a new connection may bring back. undici takes all its bytes by `socket.read()`, so they are
 * counted there, before its parser works on them. A connection has one request at a time. Bytes after an answer count as part
 * of it until the next request is written.
 */
export function boundAnswers(socket: Socket, bounds: AnswerBounds): void {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  let written = 0;
  let taken = 0;
  let limit = bounds.bytes;
  let reads = 0;
  let lines = 0;
  let skipInterim = createInterimFilter();
  let isCut = false;

  function cut(): void {
    isCut = true;
    // The reader of the body first takes what has come so far.
    setImmediate(() => socket.destroy(new InvalidAnswerError('The answer is longer than it may be')));
  }

  function count(chunk: Buffer): Buffer {
    if (socket.bytesWritten !== written) {
      written = socket.bytesWritten;
      limit = taken + bounds.bytes;
      reads = 0;
      lines = 0;
      skipInterim = createInterimFilter();
    }
    // The parser may give bytes back by `unshift`. They lie in the buffer again, and are not counted twice.
    taken = socket.bytesRead - socket.readableLength;
    reads += 1;
    const bounded = chunk.subarray(0, Math.max(0, chunk.length - (taken - limit)));
    const answer = skipInterim(bounded.subarray(0, lengthOfLines(bounded)));
    if (answer === null || taken > limit || reads > bounds.reads || lines > bounds.lines) cut();
    return answer ?? NOTHING;
  }

  /** Counts the lines, and returns the length of those within the bound. */
  function lengthOfLines(bytes: Buffer): number {
    if (bounds.lines === Number.POSITIVE_INFINITY) return bytes.length;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, end + 1)) {
      lines += 1;
      if (lines > bounds.lines) return end;
    }
    return bytes.length;
  }

  socket.read = (size?: number): Buffer | null => {
    // The stream itself calls `read(0)` to be filled.
    if (size !== undefined) return read(size);
    while (!isCut && !socket.destroyed) {
      const chunk = read(Math.min(PIECE_BYTES, socket.readableLength) || undefined);
      if (chunk === null) return null;
      const counted = count(chunk);
      if (counted.length > 0) return counted;
    }
    return null;
  };
}

/**
 * Takes the interim answers out of the bytes of one answer, because undici destroys a connection at a 100 that it did not ask
 * for. The filter returns the bytes of the final answer, none while it needs more, or null if the answer is not valid.
 */
function createInterimFilter(): (bytes: Buffer) => Buffer | null {
  let held: Buffer = NOTHING;
  let interim = 0;
  let isFinal = false;

  return (bytes) => {
    if (isFinal) return bytes;
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    for (;;) {
      held = held.subarray(lengthOfEmptyLines(held));
      const begin = held.toString('latin1', 0, 'HTTP/1.1 100'.length);
      const needsMore = begin.length < 'HTTP/1.1 1'.length && 'HTTP/'.startsWith(begin.slice(0, 5));
      if (needsMore) return NOTHING;
      if (!/^HTTP\/... 1/s.test(begin)) {
        isFinal = true;
        return held;
      }
      const end = held.indexOf(END_OF_HEAD);
      if (end < 0) return held.length > MAX_INTERIM_BYTES ? null : NOTHING;
      interim += 1;
      if (interim > MAX_INTERIM || begin.endsWith(SWITCHING_PROTOCOLS)) return null;
      held = held.subarray(end + END_OF_HEAD.length);
    }
  };
}

/** Parsers skip empty lines before a status line. */
function lengthOfEmptyLines(bytes: Buffer): number {
  const begin = bytes.findIndex((byte) => byte !== CR && byte !== LF);
  return begin < 0 ? bytes.length : begin;
}
