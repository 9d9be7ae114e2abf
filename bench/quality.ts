import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { MEASURES } from '../src/domain/measures.ts';
import { createDecoderPool, type DecoderPool } from '../src/image/decoder/pool.ts';
import { createLocalFile } from '../src/sources/local-file.ts';
import { audit } from '../test/support/cleanvision/audit.ts';
import { installCleanVision } from '../test/support/cleanvision/install.ts';

/** Crops of the project's photographs, four in six as JPEG, the others as PNG and WebP, 0.1 to 2 megapixels each. */
const PHOTOGRAPHS = ['rocket.jpg', 'hubble_deep_field.jpg', 'retina.jpg', 'astronaut.png', 'chelsea.png'];
const CROPS = 66;
const PROCESSES = 2;
/** The two take turns, because the machine has other things to do. */
const ROUNDS = 3;

/**
 * Measures the same files by CleanVision with all of its nine issues on, and by our decoders with all measures on. Both use two
 * processes. Ours also hash the file, walk its structure and check that it is intact. Both are timed from start to end of
 * their processes' work. CleanVision's time is that of `find_issues`, without the import of its packages.
 */
export async function measureQuality() {
  const installed = await installCleanVision();
  if ('missing' in installed) return { skipped: installed.missing };
  const dir = await mkdtemp(join(tmpdir(), 'validatr-quality-'));
  const decoders = createDecoderPool({ processes: PROCESSES, onEnd: () => undefined });
  try {
    const paths = await makeFiles(join(dir, 'files'));
    // A worker runs for weeks, so the code of its decoders is compiled by then.
    await inspectAll(decoders, paths);
    const rounds: { readonly cleanvision: number; readonly ours: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { findIssuesS } = await audit(installed.python, paths, PROCESSES);
      rounds.push({
        cleanvision: paths.length / findIssuesS,
        ours: paths.length / (await inspectAll(decoders, paths)),
      });
    }
    const [cleanvision, ours] = (['cleanvision', 'ours'] as const).map((who) =>
      Math.max(...rounds.map((round) => round[who])),
    ) as [number, number];
    return {
      files: paths.length,
      processes: PROCESSES,
      cleanvisionImagesPerS: Math.round(cleanvision),
      imagesPerS: Math.round(ours),
      ratio: Math.round((ours / cleanvision) * 10) / 10,
    };
  } finally {
    await decoders.close();
    await rm(dir, { recursive: true });
  }
}

async function makeFiles(dir: string): Promise<string[]> {
  await mkdir(dir);
  const paths = [];
  for (const name of PHOTOGRAPHS) {
    const { width, height } = await sharp(`assets/${name}`).metadata();
    for (let crop = 0; crop < CROPS; crop += 1) {
      const [left, top] = [crop % 40, (crop * 7) % 50];
      const format = (['jpeg', 'png', 'webp'] as const)[crop % 6 < 4 ? 0 : (crop % 6) - 3] ?? 'jpeg';
      const area = { left, top, width: width - left - 20, height: height - top - 10 };
      const path = join(dir, `${name.split('.')[0]}-${crop}.${format}`);
      await writeFile(path, await sharp(`assets/${name}`).extract(area).toFormat(format).toBuffer());
      paths.push(path);
    }
  }
  return paths;
}

/** Returns the time it took, in seconds. */
async function inspectAll(decoders: DecoderPool, paths: readonly string[]): Promise<number> {
  const started = performance.now();
  const left = [...paths];
  const work = async () => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      const handle = await open(path);
      try {
        const file = createLocalFile(handle, (await handle.stat()).size);
        const facts = await decoders.inspectImage(file, { measures: MEASURES });
        if (facts === null || !('measures' in facts)) throw new Error(`${path} is not measured`);
      } finally {
        await handle.close();
      }
    }
  };
  await Promise.all(Array.from({ length: PROCESSES + 1 }, work));
  return (performance.now() - started) / 1000;
}
