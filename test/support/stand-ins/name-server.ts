import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { isIPv4 } from 'node:net';

interface Question {
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'other';
}

interface Reply {
  /** 0: no error, 2: the server has failed, 3: no such name, 5: the server refuses. */
  readonly code?: number;
  readonly addresses?: readonly string[];
  /** In seconds. */
  readonly ttl?: number;
  /** The answer does not fit into a datagram. By TCP it is complete. */
  readonly isTruncated?: boolean;
}

export interface NameServer {
  /** `address:port`. */
  readonly address: string;
  /** Each question as it came, by name and type: `hooks.example A`. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** A reply: addresses of the type that is asked for, bytes that are sent as they are, or no answer at all. */
export type Answering = (question: Question) => Reply | Buffer | null;

/** A real name server on loopback, by UDP and TCP. `answer` decides what it says. By default its port is a free one. */
export async function startNameServer(
  answer: Answering,
  { host, port: wanted } = { host: '127.0.0.1', port: 0 },
): Promise<NameServer> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    socket.on('data', (data) => {
      const reply = replyTo(data.subarray(2), 'tcp');
      if (reply !== null) socket.write(Buffer.concat([uint16(reply.length), reply]));
    });
  });
  await new Promise<void>((resolve, reject) => {
    tcp.once('error', reject).listen(wanted, host, resolve);
  });
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4').on('message', (query, from) => {
    const reply = replyTo(query, 'udp');
    if (reply !== null) udp.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(port, host, resolve));

  function replyTo(query: Buffer, transport: 'udp' | 'tcp'): Buffer | null {
    const { question, end } = readQuestion(query);
    asked.push(`${question.name} ${question.type}`);
    const reply = answer(question);
    if (reply === null || Buffer.isBuffer(reply)) return reply;
    return encode(query.subarray(0, end), question, reply, reply.isTruncated === true && transport === 'udp');
  }

  return {
    address: `${host}:${port}`,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise((resolve) => tcp.close(resolve)),
        new Promise<void>((resolve) => udp.close(resolve)),
      ]);
    },
  };
}

function readQuestion(query: Buffer): { question: Question; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = { 1: 'A', 28: 'AAAA' }[query.readUInt16BE(at + 1)] ?? 'other';
  return { question: { name: labels.join('.'), type: type as Question['type'] }, end: at + 5 };
}

/** RFC 1035, section 4.1: header, question, and a record for each address. */
function encode(
  head: Buffer,
  { type }: Question,
  { code = 0, addresses = [], ttl = 60 }: Reply,
  isTruncated: boolean,
): Buffer {
  const fitting = isTruncated ? [] : addresses.filter((one) => isIPv4(one) === (type === 'A'));
  const reply = Buffer.from(head);
  // An answer, to a question that asked for recursion, from a server that offers it.
  reply.writeUInt16BE(0x8180 | (isTruncated ? 0x0200 : 0) | code, 2);
  [1, fitting.length, 0, 0].forEach((count, index) => reply.writeUInt16BE(count, 4 + 2 * index));
  const records = fitting.flatMap((address) => {
    const data = bytesOf(address);
    // The name is that of the question, at offset 12.
    return [uint16(0xc00c), uint16(type === 'A' ? 1 : 28), uint16(1), uint32(ttl), uint16(data.length), data];
  });
  return Buffer.concat([reply, ...records]);
}

/** IPv6 in full: eight groups. */
function bytesOf(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  return Buffer.concat(address.split(':').map((group) => uint16(Number.parseInt(group, 16))));
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
