import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appraise, judge } from '../../../../support/cleanvision/appraise.ts';
import { type Audit, audit, SCORED } from '../../../../support/cleanvision/audit.ts';
import {
  makeGallery,
  nameOfExample,
  SCORED_EXAMPLES,
  type ScoredExample,
  TABLED,
} from '../../../../support/cleanvision/gallery.ts';
import { type Installed, installCleanVision } from '../../../../support/cleanvision/install.ts';
import table from '../../../../support/cleanvision/table.json' with { type: 'json' };

const TABLE = 'test/support/cleanvision/table.json';
const LARGEST_DIFFERENCE = 1e-6;

describe('our quality measures and those of CleanVision 0.3.7, on the same files', () => {
  let installed: Installed;
  let dir: string | undefined;
  let theirs: Audit | undefined;
  let ours: Pick<Audit, 'files' | 'sets'>;

  beforeAll(async () => {
    installed = await installCleanVision();
    if ('missing' in installed) return;
    const gallery = await makeGallery();
    const here = await mkdtemp(join(tmpdir(), 'validatr-gallery-'));
    dir = here;
    await Promise.all(gallery.map(({ name, bytes }) => writeFile(join(here, name), bytes)));
    const paths = gallery.map(({ name }) => join(here, name));
    const auditing = audit(installed.python, paths);
    const appraised = [];
    for (const picture of gallery) appraised.push(await appraise(picture));
    ours = judge(appraised);
    theirs = await auditing;
    if (process.env['RECORD_CLEANVISION'] === 'yes') await writeFile(TABLE, tableOf(theirs));
  });
  afterAll(async () => {
    if (dir !== undefined) await rm(dir, { recursive: true });
  });

  function compared(skip: (why: string) => never): Audit {
    if ('missing' in installed) return skip(installed.missing);
    if (theirs === undefined) throw new Error('There is no audit');
    return theirs;
  }

  it('scores no file differently by more than 1e-6', async ({ annotate, skip }) => {
    const { files } = compared(skip);
    expect(Object.keys(files).toSorted()).toEqual(Object.keys(ours.files).toSorted());
    expect(Object.keys(files).length).toBeGreaterThanOrEqual(200);
    const largest = SCORED.map((issue) => {
      const differences = Object.entries(files).map(([name, theirScores]) => ({
        name,
        difference: Math.abs(theirScores[issue].score - (ours.files[name]?.[issue].score ?? Infinity)),
      }));
      return { issue, ...differences.reduce((a, b) => (b.difference > a.difference ? b : a)) };
    });
    await annotate(
      largest.map(({ issue, name, difference }) => `${issue} ${difference} (${name})`).join('\n'),
    );
    expect(largest.filter(({ difference }) => !(difference < LARGEST_DIFFERENCE))).toEqual([]);
  });

  it('finds the same seven issues in the same files', ({ skip }) => {
    const { files } = compared(skip);
    const found = (scores: Audit['files']) =>
      SCORED.map((issue) => [
        issue,
        Object.keys(scores)
          .filter((name) => scores[name]?.[issue].found)
          .toSorted(),
      ]);
    expect(found(ours.files)).toEqual(found(files));
    for (const [issue, names] of found(files)) expect(names, String(issue)).not.toEqual([]);
  });

  it('finds the same sets of exact and of near duplicates', ({ skip }) => {
    const { sets } = compared(skip);
    expect(ours.sets).toEqual(sets);
    expect(sets.exact_duplicates.length).toBeGreaterThan(3);
    expect(sets.near_duplicates.length).toBeGreaterThan(3);
  });

  it('has the same perceptual hashes', ({ skip }) => {
    const hashes = ({ files }: Pick<Audit, 'files'>) =>
      Object.entries(files)
        .map(([name, { phash }]) => `${name} ${phash}`)
        .toSorted();
    expect(hashes(ours)).toEqual(hashes(compared(skip)));
  });

  it('gives the examples in docs/checks.md the scores that the page shows', ({ skip }) => {
    const { files } = compared(skip);
    const page = readFileSync('docs/checks.md', 'utf8');
    const shown = (rule: ScoredExample) =>
      /\*✓ score (\S+) · ✗ score (\S+) · /.exec(page.split(`### ${rule}\n`)[1] ?? '')?.slice(1);
    const theirScores = (rule: ScoredExample) =>
      (['passing', 'failing'] as const).map((which) =>
        String(
          Math.round((files[nameOfExample(rule, which)]?.[SCORED_EXAMPLES[rule]].score ?? NaN) * 1_000) /
            1_000,
        ),
      );
    const rules = Object.keys(SCORED_EXAMPLES) as ScoredExample[];
    expect(rules.map((rule) => [rule, shown(rule)])).toEqual(rules.map((rule) => [rule, theirScores(rule)]));
  });

  it('has a table with the same scores', ({ skip }) => {
    expect(asComparable(JSON.parse(tableOf(compared(skip))))).toEqual(asComparable(table));
  });
});

/** A size is odd only among others, and a set has more than one file. */
function tableOf({ files, versions }: Audit): string {
  const tabled = Object.entries(files).filter(([name]) => TABLED.test(name));
  const rows = tabled.map(([name, scores]) => [name, { ...scores, odd_size: undefined }]);
  return `${JSON.stringify({ versions, files: Object.fromEntries(rows) }, null, 2)}\n`;
}

/** NumPy adds in an order that depends on the processor, so the last digits differ between machines. */
function asComparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, part: unknown) =>
    typeof part === 'number' ? Number(part.toPrecision(12)) : part,
  );
}
