import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names below it lead to loopback, and are answered at once. */
export const QUIET_DOMAIN = 'quiet.test';
/** Questions about names below it are never answered. */
export const SILENT_DOMAIN = 'silent.test';

/** A loopback address that nothing else listens on, because a resolver can't be told a port. */
const ADDRESS = `127.0.${process.pid % 250}.53`;
const PORT = 53;

/** What a shell mounts there, only its own successors see. */
const UNSHARED = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c'] as const;

const TYPE_A = 1;
const NAME_ERROR = 3;
const HEADER_BYTES = 12;

export interface SilentNames {
  /** The command that runs a program with this server as the only one in its /etc/resolv.conf. */
  readonly within: readonly string[];
  /** Names that were asked for and got no answer. */
  readonly unanswered: ReadonlySet<string>;
  close(): Promise<void>;
}

/**
 * A DNS server on loopback that leaves some names without an answer. Programs see it as the system's resolver, because they
 * run in a mount namespace with another /etc/resolv.conf. This machine's own file stays as it is. @throws without root
 */
export async function startSilentNames(): Promise<SilentNames> {
  const unanswered = new Set<string>();
  const server = createSocket('udp4');
  server.on('message', (question, { address, port }) => {
    const { name, end } = readName(question);
    const type = question.readUInt16BE(end);
    if (name.endsWith(`.${SILENT_DOMAIN}`)) unanswered.add(name);
    else server.send(answerTo(question.subarray(0, end + 4), { name, type }), port, address);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.bind(PORT, ADDRESS, resolve);
  });
  const dir = await mkdtemp(join(tmpdir(), 'validatr-names-'));
  const file = join(dir, 'resolv.conf');
  await writeFile(file, `nameserver ${ADDRESS}\n`);
  return {
    within: [...UNSHARED, 'mount --bind "$0" /etc/resolv.conf && exec "$@"', file],
    unanswered,
    async close() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(dir, { recursive: true });
    },
  };
}

/** RFC 1035, 4.1.2: a question begins behind the header, and no name in it is compressed. */
function readName(question: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = question.readUInt8(at); length > 0; length = question.readUInt8(at)) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

/** The address of loopback for names of the quiet domain; no record of other types; otherwise "no such name". */
function answerTo(question: Buffer, { name, type }: { name: string; type: number }): Buffer {
  const isKnown = name.endsWith(`.${QUIET_DOMAIN}`);
  const hasAddress = isKnown && type === TYPE_A;
  const header = Buffer.from(question.subarray(0, HEADER_BYTES));
  // An answer, with recursion where it was wanted. One question, and further records only if there is an address.
  header.writeUInt16BE(0x8180 | (isKnown ? 0 : NAME_ERROR), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(hasAddress ? 1 : 0, 6);
  header.fill(0, 8);
  // The name at byte 12, type A, class IN, 60 s, four bytes.
  const address = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
  return Buffer.concat([header, question.subarray(HEADER_BYTES), ...(hasAddress ? [address] : [])]);
}
