import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('audit.py', import.meta.url));

/** Its issues that have scores, by its names. */
export const SCORED = [
  'dark',
  'light',
  'odd_aspect_ratio',
  'low_information',
  'blurry',
  'grayscale',
  'odd_size',
] as const;
export type Scored = (typeof SCORED)[number];
export type Scores = { readonly [issue in Scored]: { readonly score: number; readonly found: boolean } } & {
  readonly phash: string;
};

export interface Audit {
  readonly files: Readonly<Record<string, Scores>>;
  readonly sets: {
    readonly [issue in 'exact_duplicates' | 'near_duplicates']: readonly (readonly string[])[];
  };
  /** Seconds, without the start of the program. */
  readonly findIssuesS: number;
  /** Versions of CleanVision, and of the packages that its numbers come from. */
  readonly versions: Readonly<Record<string, string>>;
}

/** CleanVision's scores and sets for these files, by the last part of their names. */
export async function audit(python: string, paths: readonly string[], jobs = 2): Promise<Audit> {
  const program = spawn(python, [SCRIPT, String(jobs)], { stdio: ['pipe', 'pipe', 'pipe'] });
  program.stdin.end(paths.join('\n'));
  const [[code], output, errors] = await Promise.all([
    once(program, 'close') as Promise<[number | null]>,
    text(program.stdout),
    text(program.stderr),
  ]);
  if (code !== 0) throw new Error(`cleanvision ended with ${code}: ${errors.slice(-2000)}`);
  return JSON.parse(output) as Audit;
}
