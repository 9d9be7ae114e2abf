import { gzipSync } from 'node:zlib';
import {
  answerByteByByte,
  answerWith,
  answerWithFlood,
  FLOODS,
  startHostileReceivers,
} from '../../../test/support/stand-ins/hostile-receivers.ts';
import { type Attack, steadily } from './noisy-api.ts';

/** Of each kind. A worker fetches at most 16 objects from a server at once, and at most 32 of a tenant that is not alone. */
const SERVERS = 10;

/** Answers that hold a fetch until its time is over come first. */
const HOLDING = 2;
/** Fetches that are held when the attack counts as begun: nearly a tenant's share. */
const FETCHES_THAT_BITE = 30;

const BOMB = gzipSync(Buffer.alloc(10_000_000));

/** Answers of web servers that harm a client which asks for an image. */
const ANSWERS: readonly Parameters<typeof startHostileReceivers>[1][] = [
  () => undefined,
  answerByteByByte,
  answerWithFlood(FLOODS.headers),
  answerWithFlood(FLOODS.body),
  answerWith('HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n'),
  answerWith('HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n'),
  answerWith(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${BOMB.length}\r\n\r\n`, BOMB),
  answerWith('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n', 'abc'),
];

/** The noisy tenant's assets are on servers that do their worst. Some submissions ask the API to look at once. */
export const attackByWeb: Attack = async (api, { eventsPerS }) => {
  const servers = await Promise.all(ANSWERS.map((answer) => startHostileReceivers(SERVERS, answer)));
  const origins = Array.from({ length: SERVERS }, (_, index) =>
    servers.map((each) => each.origins[index]),
  ).flat();
  const webUrlOf = (index: number) => `${origins[index % origins.length]}/${index}.jpg`;
  await Promise.all(
    Array.from({ length: 2 * origins.length }, (_, index) => api.submit({ webUrl: webUrlOf(index) })),
  );
  steadily(eventsPerS / 2, (index) => api.submit({ webUrl: webUrlOf(index) }));
  steadily(eventsPerS / 2, (index) => api.submit({ webUrl: webUrlOf(index), prefer: 'handling=strict' }));
  const holding = servers.slice(0, HOLDING);
  return () => holding.reduce((sum, { requests }) => sum + requests, 0) >= FETCHES_THAT_BITE;
};
