import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { type Asset, percentile } from '../load.ts';
import { measurePipeline } from '../pipeline.ts';
import { type SourceStack, startSourceStack } from './source-stack.ts';

/** All sources take turns in each round, because single runs differ by a fifth on a machine of two cores. */
const ROUNDS = 3;
const ASSETS = 800;
/** In the first round. Later rounds find everything warm. */
const WARM_UP_ASSETS = 300;

const SAMPLE = 'rocket.jpg';

type Source = 'local' | 's3' | 'http' | 'upload';
type Figures = Awaited<ReturnType<typeof measurePipeline>>;

/** The server that has the bytes. It takes processor time from the pipeline, which real storage would not. */
const SERVERS: Readonly<Record<Source, 's3' | 'web' | null>> = {
  local: null,
  s3: 's3',
  http: 'web',
  upload: null,
};

/**
 * Measures the pipeline's rate for one picture from each source. `ofLocal` compares with local files in the same round.
 * `ofLocalWithoutServer` does the same after the storage server's processor time is taken out of the run. The machine is busy in
 * all of a run, so the run would be shorter by that time, divided by the cores. Both are medians of the rounds.
 */
export async function measureSources(say: (line: string) => void) {
  const stack = await startSourceStack(say);
  if ('missing' in stack) return { skipped: stack.missing };
  try {
    const sources = Object.entries(await assetsOf(stack)) as [Source, Asset][];
    const runs: Record<Source, Run[]> = { local: [], s3: [], http: [], upload: [] };
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const [source, asset] of sources) {
        const figures = await measurePipeline(stack, {
          asset,
          assets: ASSETS,
          warmUpAssets: round === 1 ? WARM_UP_ASSETS : 0,
          processes: stack.pids,
        });
        const run = { figures, ...comparedWith(runs.local[round - 1]?.figures ?? figures, source, figures) };
        runs[source].push(run);
        say(`  ${round}. ${source}: ${figures.assetsPerS} assets/s, ${run.ofLocal} of local`);
      }
    }
    return Object.fromEntries(sources.map(([source]) => [source, summarize(runs[source])]));
  } finally {
    await stack.stop();
  }
}

interface Run {
  readonly figures: Figures;
  readonly ofLocal: number;
  readonly ofLocalWithoutServer: number;
}

async function assetsOf({ bucket, webUrl }: SourceStack): Promise<Record<Source, Asset>> {
  return {
    local: `./assets/${SAMPLE}`,
    s3: { location: 's3', bucket, key: SAMPLE },
    http: { location: 'http', url: `${webUrl}/${SAMPLE}` },
    upload: await readFile(`assets/${SAMPLE}`),
  };
}

function comparedWith(local: Figures, source: Source, { seconds, assets, ...figures }: Figures) {
  const server = SERVERS[source];
  const serverMs = server === null ? 0 : (figures.processorMsPerAsset[server] ?? 0) * assets;
  const withoutServer = seconds - serverMs / 1000 / cpus().length;
  return {
    ofLocal: rounded(local.seconds / seconds),
    ofLocalWithoutServer: rounded(local.seconds / withoutServer),
  };
}

function summarize(runs: readonly Run[]) {
  const median = (of: (run: Run) => number) => percentile(runs.map(of), 0.5);
  const ratio = (of: (run: Run) => number) => rounded(median((run) => of(run) * 100) / 100);
  return {
    assetsPerS: median(({ figures }) => figures.assetsPerS),
    ofLocal: ratio(({ ofLocal }) => ofLocal),
    ofLocalWithoutServer: ratio(({ ofLocalWithoutServer }) => ofLocalWithoutServer),
    rounds: runs.map(({ figures, ...ratios }) => ({ ...ratios, ...figures })),
  };
}

function rounded(ratio: number): number {
  return Math.round(ratio * 100) / 100;
}
