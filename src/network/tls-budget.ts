import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type AnswerBounds, InvalidAnswerError } from './answer-budget.ts';

/**
 * The stream below TLS. It bounds the bytes that arrive before TLS works on them, and the reads that bring them, for each request
 * and for the handshake. Without it, a flood of key updates brings no byte of an answer, and keeps the thread busy for 1.6 s without
 * a pause. A record that comes in single bytes takes 16,000 reads and brings one read of an answer.
 */
export class TlsTransport extends Duplex {
  readonly #tcp: Socket;
  #tls: Socket | null = null;
  #written = 0;
  readonly #bounds: AnswerBounds;
  #limit: number;
  #reads = 0;

  constructor(tcp: Socket, bounds: AnswerBounds) {
    super();
    this.#tcp = tcp;
    this.#bounds = bounds;
    this.#limit = bounds.bytes;
    tcp.on('data', (chunk: Buffer) => this.#take(chunk));
    tcp.once('end', () => this.push(null));
    tcp.once('error', (error) => this.destroy(error));
    tcp.once('close', () => {
      // After a proper end, the reader still takes what lies in the buffer.
      if (!tcp.readableEnded) this.destroy();
    });
  }

  /** The TLS connection on top of this. A request begins when something is written there. */
  set tls(tls: Socket) {
    this.#tls = tls;
  }

  #take(chunk: Buffer): void {
    const written = this.#tls?.bytesWritten ?? 0;
    if (written !== this.#written) {
      this.#written = written;
      this.#limit = this.#tcp.bytesRead - chunk.length + this.#bounds.bytes;
      this.#reads = 0;
    }
    this.#reads += 1;
    const carried = this.#tls?.bytesRead ?? 0;
    const isMostlyTls = this.#tcp.bytesRead > carried * 1.25 + this.#bounds.overhead;
    if (isMostlyTls || this.#tcp.bytesRead > this.#limit || this.#reads > this.#bounds.reads) {
      const error = new InvalidAnswerError('The server sends more than it may');
      this.#tls?.destroy(error);
      this.destroy(error);
    } else if (!this.push(chunk)) this.#tcp.pause();
  }

  override _read(): void {
    this.#tcp.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#tcp.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#tcp.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#tcp.destroy();
    done(error);
  }
}
