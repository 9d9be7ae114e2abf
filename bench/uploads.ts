import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { watchPeak } from './differential/peak-memory.ts';
import { createSubmitter, percentile, type Target } from './load.ts';

const MIB = 1024 * 1024;

/** One upload in parts, whose connection is cut again and again. */
const LARGE_MIB = 1_024;
const CUTS = 20;

/** Uploads in one request each, all at once. */
const AT_ONCE = 50;
const EACH_MIB = 20;

/** Requests a second of clients that upload nothing. */
const HONEST_PER_S = 20;
const QUIET_S = 10;

interface Measured {
  readonly target: Target;
  readonly apiPid: number;
  readonly uploadsDir: string;
  readonly say: (line: string) => void;
}

/**
 * Measures the API's memory while a large upload comes in parts, and the waiting time of other clients while many come at once.
 * Memory is the peak above the peak without
 * uploads, MiB.
 */
export async function measureUploads({ target, apiPid, uploadsDir, say }: Measured) {
  const honest = startHonest(target);
  let stopWatching = watchPeak(() => [apiPid]);
  await new Promise((resolve) => setTimeout(resolve, QUIET_S * 1_000));
  const quiet = honest.take();
  const before = stopWatching().peakBytes;

  say(`  one upload of ${LARGE_MIB} MiB, cut ${CUTS} times …`);
  stopWatching = watchPeak(() => [apiPid]);
  const inParts = await uploadInParts(target.baseUrl, uploadsDir);
  const peak = stopWatching();
  const large = {
    mib: LARGE_MIB,
    cuts: CUTS,
    ...inParts,
    apiGrowthMiB: Math.round((peak.peakBytes - before) / MIB),
    apiProcessorMsPerMiB: Math.round((10 * peak.cpuMs) / LARGE_MIB) / 10,
    honestMs: describe(honest.take()),
  };

  say(`  ${AT_ONCE} uploads of ${EACH_MIB} MiB at once …`);
  stopWatching = watchPeak(() => [apiPid]);
  const begin = performance.now();
  const statuses = await Promise.all(Array.from({ length: AT_ONCE }, () => uploadWhole(target.baseUrl)));
  const seconds = (performance.now() - begin) / 1_000;
  const many = {
    uploads: AT_ONCE,
    mibEach: EACH_MIB,
    accepted: statuses.filter((status) => status === 202).length,
    mibPerS: Math.round((AT_ONCE * EACH_MIB) / seconds),
    apiGrowthMiB: Math.round((stopWatching().peakBytes - before) / MIB),
    honestMs: describe(honest.take()),
  };
  await honest.stop();
  return { quietMs: describe(quiet), large, many };
}

function describe(samples: readonly number[]) {
  return { requests: samples.length, p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
}

/** Submits assets at a steady rate. `take` gives the times since the last call, milliseconds. */
function startHonest(target: Target) {
  const submitter = createSubmitter(target, 32);
  let samples: number[] = [];
  const under = new Set<Promise<void>>();
  const timer = setInterval(() => {
    const sent = submitter.submit('./assets/rocket.jpg').then(({ ms }) => void samples.push(ms));
    under.add(sent);
    void sent.finally(() => under.delete(sent));
  }, 1_000 / HONEST_PER_S);
  return {
    take() {
      const taken = samples;
      samples = [];
      return taken;
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(under);
      await submitter.close();
    },
  };
}

/** Bytes that nobody has to hold: each MiB is a different one. */
function mebibyte(index: number): Buffer {
  const bytes = Buffer.alloc(MIB, index % 251);
  bytes.writeUInt32LE(index, 0);
  return bytes;
}

async function uploadInParts(baseUrl: string, uploadsDir: string) {
  const tus = { 'tus-resumable': '1.0.0' };
  const created = await fetch(`${baseUrl}/uploads/`, {
    method: 'POST',
    headers: { ...tus, 'upload-length': String(LARGE_MIB * MIB) },
  });
  const url = new URL(created.headers.get('location') ?? '', baseUrl);
  const offsetNow = async () => {
    const answer = await fetch(url, { method: 'HEAD', headers: tus });
    return Number(answer.headers.get('upload-offset'));
  };
  const begin = performance.now();
  for (let cut = 1; cut <= CUTS; cut += 1)
    await sendPart(url, await offsetNow(), Math.floor((cut * LARGE_MIB * MIB) / (CUTS + 1)), true);
  await sendPart(url, await offsetNow(), LARGE_MIB * MIB, false);
  const seconds = (performance.now() - begin) / 1_000;

  const sent = createHash('sha256');
  for (let index = 0; index < LARGE_MIB; index += 1) sent.update(mebibyte(index));
  const kept = createHash('sha256');
  for await (const chunk of createReadStream(
    await findUpload(uploadsDir, url.pathname.split('/').at(-1) ?? ''),
  ))
    kept.update(chunk as Buffer);
  return { identical: sent.digest('hex') === kept.digest('hex'), mibPerS: Math.round(LARGE_MIB / seconds) };
}

/** Sends from one byte to another. If it is cut, the connection ends there although more was announced. */
async function sendPart(url: URL, from: number, to: number, isCut: boolean): Promise<void> {
  const sent = request(url, {
    method: 'PATCH',
    headers: {
      'tus-resumable': '1.0.0',
      'content-type': 'application/offset+octet-stream',
      'upload-offset': from,
      'content-length': LARGE_MIB * MIB - from,
    },
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => undefined);
  for (let at = from; at < to; ) {
    const bytes = mebibyte(Math.floor(at / MIB)).subarray(at % MIB, Math.min(MIB, (at % MIB) + to - at));
    at += bytes.length;
    if (!sent.write(bytes)) await once(sent, 'drain');
  }
  if (isCut) return void sent.destroy();
  sent.end();
  const [{ statusCode }] = await answered;
  if (statusCode !== 204) throw new Error(`The last part was answered ${statusCode}`);
}

async function findUpload(uploadsDir: string, uploadId: string): Promise<string> {
  for (const tenant of await readdir(uploadsDir))
    if (!tenant.startsWith('.') && (await readdir(join(uploadsDir, tenant))).includes(uploadId))
      return join(uploadsDir, tenant, uploadId);
  throw new Error('The upload is not there');
}

async function uploadWhole(baseUrl: string): Promise<number> {
  const sent = request(new URL('/assets/image/', baseUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', 'content-length': EACH_MIB * MIB },
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  for (let index = 0; index < EACH_MIB; index += 1)
    if (!sent.write(mebibyte(index))) await once(sent, 'drain');
  sent.end();
  const [answer] = await answered;
  answer.resume();
  return answer.statusCode ?? 0;
}
