import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { MEASURES } from '../../../../../src/domain/measures.ts';
import { createDecoderPool } from '../../../../../src/image/decoder/pool.ts';
import type { DecoderEnd } from '../../../../../src/image/decoder/process.ts';
import { createLocalFile } from '../../../../../src/sources/local-file.ts';
import { hostileImage } from '../../../../support/images/hostile-image.ts';
import { createRandom, SEEDS } from '../../../../support/images/image-seeds.ts';
import { ODD_FILES } from '../../../../support/images/odd-files.ts';

const FILES = 5_000;
/** One file in a hundred kills its decoder, in turn. */
const KILLS_EVERY = 100;
/** Killed by us, by itself, by the system. */
const DEADLY = ['die', 'babble', 'fail', 'heap'] as const;
/** Larger ones are bombs, which `odd-files.test.ts` sets off one by one. */
const MAX_BYTES = 64 * 1024;
const AT_ONCE = 4;

/** Odd and whole files, unchanged, cut short, or with changed bytes. They are the same in each run. */
async function makeFiles(): Promise<(index: number) => Buffer> {
  const odd = await Promise.all(ODD_FILES.map(async ({ make }) => make()));
  const seeds = await Promise.all(Object.values(SEEDS).map((make) => make()));
  const all = [...odd.filter(({ length }) => length > 16 && length <= MAX_BYTES), ...seeds];
  const random = createRandom(7);
  return (index) => {
    const bytes = Buffer.from(all[index % all.length] as Buffer);
    const kind = random(3);
    if (kind === 0) return bytes;
    if (kind === 1) return bytes.subarray(0, 1 + random(bytes.length));
    for (let change = 0; change <= random(4); change += 1) bytes[random(bytes.length)] = random(256);
    return bytes;
  };
}

it(`${FILES} mixed hostile files, fifty of which kill their decoders, cost one finding each and no memory`, async () => {
  const ends: DecoderEnd[] = [];
  const pool = createDecoderPool({
    processes: 2,
    program: fileURLToPath(new URL('../../../../support/images/hostile-decoder.ts', import.meta.url)),
    onEnd: (end) => ends.push(end),
  });
  const dir = await mkdtemp(join(tmpdir(), 'validatr-hostile-'));
  const makeFile = await makeFiles();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const keptMiB: number[] = [];
  const lost: number[] = [];
  let verdicts = 0;
  let next = 0;

  async function inspectSome(lane: number): Promise<void> {
    const path = join(dir, `file-${lane}`);
    while (next < FILES) {
      const index = next;
      next += 1;
      const kills = index % KILLS_EVERY === KILLS_EVERY - 1;
      const deadly = DEADLY[Math.floor(index / KILLS_EVERY) % DEADLY.length] ?? 'die';
      await writeFile(path, kills ? hostileImage(deadly) : makeFile(index));
      const handle = await open(path);
      const { size } = await handle.stat();
      const result = await pool.inspectImage(createLocalFile(handle, size), { measures: MEASURES });
      await handle.close();
      if ('lost' in result) lost.push(index);
      else verdicts += 1;
      if (index % 500 !== 499) continue;
      collect();
      const { heapUsed, external } = process.memoryUsage();
      keptMiB.push((heapUsed + external) / 2 ** 20);
    }
  }

  try {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => inspectSome(lane)));
    const killers = Array.from({ length: FILES / KILLS_EVERY }, (_, index) => (index + 1) * KILLS_EVERY - 1);
    expect(lost.sort((a, b) => a - b)).toEqual(killers);
    expect(ends).toHaveLength(killers.length);
    expect(verdicts).toBe(FILES - killers.length);
    // Measured after the first thousand, when the code is compiled. 5,000 files have 30 MiB.
    const [, first = 0] = keptMiB;
    expect(Math.max(...keptMiB.slice(2)) - first).toBeLessThan(8);
  } finally {
    await pool.close();
    await rm(dir, { recursive: true });
  }
});
