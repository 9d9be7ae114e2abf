import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runWords } from '../../../../src/cli/run-cli.ts';
import { judge } from '../../../../src/domain/judge.ts';
import { policyRules } from '../../../../src/domain/policy.ts';
import { createDecoderPool } from '../../../../src/image/decoder/pool.ts';
import { measureAll } from '../../../../src/image/measure-all.ts';
import { inspectBy } from '../../../support/images/inspect-by.ts';

const PHOTOGRAPHS = ['astronaut.png', 'chelsea.png', 'rocket.jpg', 'retina.jpg', 'hubble_deep_field.jpg'];

/** What is done to a photograph, by the width of the picture. */
const FAULTS: Readonly<Record<string, (picture: Sharp, width: number) => Sharp>> = {
  // The score is taken at 64 px, where this is a radius of four.
  blurred: (picture, width) => picture.blur(width / 16),
  darkened: (picture) => picture.linear(0.15, 0),
};

const decoders = createDecoderPool({ processes: 1, onEnd: () => undefined });

async function run(...words: string[]): Promise<string> {
  const printed: string[] = [];
  await runWords(
    words,
    {
      print: (text) => void printed.push(text),
      withSession: () => Promise.reject(new Error('it opens the database')),
    },
    {},
  );
  return printed.join('\n');
}

describe('policy tune', () => {
  let dir: string;
  let good: string;
  let bad: string;
  let page: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-tune-'));
    [good, bad, page] = [join(dir, 'good'), join(dir, 'bad'), join(dir, 'curves.html')];
    await mkdir(join(good, 'more'), { recursive: true });
    await mkdir(bad);
    for (const name of PHOTOGRAPHS) await makeExamples(name);
  });
  afterAll(async () => {
    await decoders.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** Four parts of the photograph: left alone, and each with each fault. */
  async function makeExamples(name: string): Promise<void> {
    const { width, height } = await sharp(`assets/${name}`).metadata();
    const [partWidth, partHeight] = [Math.floor(width / 2), Math.floor(height / 2)];
    for (const [index, part] of [0, 1, 2, 3].entries()) {
      const [left, top] = [(part % 2) * partWidth, Math.floor(part / 2) * partHeight];
      const area = { left, top, width: partWidth, height: partHeight };
      const cut = await sharp(`assets/${name}`).extract(area).removeAlpha().png().toBuffer();
      const file = `${name}-${index}.png`;
      await writeFile(join(good, index === 0 ? 'more' : '', file), cut);
      for (const [fault, apply] of Object.entries(FAULTS))
        await apply(sharp(cut), partWidth)
          .png()
          .toFile(join(bad, `${fault}-${file}`));
    }
  }

  it('gives thresholds that refuse no photograph that was left alone, and most of the others', async () => {
    await writeFile(join(good, 'notes.txt'), 'no picture');
    const output = await run('policy', 'tune', '--good', good, '--bad', bad, '--html', page);
    expect(output).toContain('20 good and 40 bad examples.\nLeft out: 1\n');
    expect(output).toContain(`${join(good, 'notes.txt')}: it is not an image`);

    const json = output.split('\n').find((line) => line.startsWith('{')) ?? '';
    const { rules: given } = JSON.parse(json) as { rules: object };
    const rules = policyRules.parse(given);
    const refused = { good: 0, darkened: 0, blurred: 0 };
    const inspectImage = measureAll(decoders.inspectImage);
    const isRefused = async (path: string) => {
      const facts = await inspectBy(inspectImage, path);
      if ('noImage' in facts || 'lost' in facts) throw new Error(`${path} was not inspected`);
      return judge(facts, rules).findings.length > 0;
    };
    for (const name of PHOTOGRAPHS)
      for (const index of [0, 1, 2, 3]) {
        const file = `${name}-${index}.png`;
        if (await isRefused(join(good, index === 0 ? 'more' : '', file))) refused.good += 1;
        if (await isRefused(join(bad, `darkened-${file}`))) refused.darkened += 1;
        if (await isRefused(join(bad, `blurred-${file}`))) refused.blurred += 1;
      }
    expect(refused.good).toBe(0);
    expect(output).toContain(`no good example and ${refused.darkened + refused.blurred} of 40 bad ones`);
    expect(refused.darkened).toBeGreaterThanOrEqual(15);
    expect(refused.blurred).toBeGreaterThanOrEqual(10);
  });

  it('draws the curves in one file that loads nothing', async () => {
    const html = await readFile(page, 'utf8');
    for (const rule of ['aspectRatio', 'dark', 'light', 'information', 'blur'])
      expect(html).toContain(`<h2>${rule}</h2>`);
    expect(html.match(/<polyline/g)).toHaveLength(10);
    expect(html).not.toMatch(/(?:src|href)=|@import|url\(/);
  });

  it.each([
    [['--good', './assets'], 'The option --bad is missing.'],
    [['--bad', './assets'], 'The option --good is missing.'],
    [['--goood', './assets', '--bad', './assets'], "Unknown option '--goood'."],
    [['--good', './gone', '--bad', './assets'], '--good can\'t be "./gone" (ENOENT).'],
    [['--good', './assets/SOURCES.md', '--bad', './assets'], "--good can't be"],
  ])('says what is wrong with its options: %j', async (options, message) => {
    await expect(run('policy', 'tune', ...options)).rejects.toThrow(message);
  });

  it('says if a folder has no picture', async () => {
    const empty = await mkdtemp(join(dir, 'empty-'));
    await expect(run('policy', 'tune', '--good', empty, '--bad', bad)).rejects.toThrow(
      'No file in --good is a picture that can be decoded.',
    );
  });

  it('has a help without a word about the database', async () => {
    expect(await run('policy', 'tune', '--help')).not.toContain('DATABASE_URL');
    expect(await run('keys', 'list', '--help')).toContain('DATABASE_URL');
  });
});
