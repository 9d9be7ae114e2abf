import { mkdir, readFile, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { RULE_NAMES, type RuleName } from '../src/domain/checks/index.ts';
import type { ImageFacts } from '../src/domain/image-facts.ts';
import type { InspectOptions } from '../src/domain/ports/images.ts';
import { createDecoderPool } from '../src/image/decoder/pool.ts';
import { describeExample, describeValue, factsOf } from '../test/support/images/check-example-facts.ts';
import { CHECK_EXAMPLES } from '../test/support/images/check-examples.ts';
import { inspectBy } from '../test/support/images/inspect-by.ts';
import { writeExample } from './write-example.ts';
import { writeRuleRows } from './write-rule-rows.ts';

/**
 * `npm run docs:pictures` draws the picture of each check and writes the line below it in docs/checks.md, both from the examples
 * that tests use. It also writes the rows of new checks in docs/policies.md.
 */
const DIR = 'docs/images/checks';
const PAGE = 'docs/checks.md';
const POLICIES_PAGE = 'docs/policies.md';
const [WIDTH, HEIGHT, LABEL, GAP] = [200, 150, 26, 12];
const [EARLIER, PASSES, FAILS] = ['#57606a', '#1a7f37', '#b3261e'];

/** `badge` is written into the picture. */
async function drawOne(bytes: Buffer, colour: string, label: string, badge = ''): Promise<Buffer> {
  const picture = await sharp(bytes)
    .resize(WIDTH, HEIGHT, { fit: 'contain', background: '#f4f4f4', withoutEnlargement: true })
    .toColourspace('srgb')
    .flatten({ background: '#f4f4f4' })
    .png()
    .toBuffer();
  const frame = `<svg width="${WIDTH}" height="${HEIGHT + LABEL}" xmlns="http://www.w3.org/2000/svg">
    <rect x="1" y="1" width="${WIDTH - 2}" height="${HEIGHT + LABEL - 2}" fill="none" stroke="${colour}" stroke-width="2"/>
    <text x="8" y="${HEIGHT + 18}" font-family="sans-serif" font-size="13" fill="${colour}">${label}</text>
    ${badge === '' ? '' : drawBadge(badge, colour)}</svg>`;
  return sharp({ create: { width: WIDTH, height: HEIGHT + LABEL, channels: 3, background: 'white' } })
    .composite([
      { input: picture, left: 0, top: 0 },
      { input: Buffer.from(frame), left: 0, top: 0 },
    ])
    .png()
    .toBuffer();
}

function drawBadge(text: string, colour: string): string {
  const width = 20 + text.length * 9;
  return `<rect x="${(WIDTH - width) / 2}" y="60" width="${width}" height="30" rx="4" fill="white" fill-opacity="0.85"/>
    <text x="${WIDTH / 2}" y="80" text-anchor="middle" font-family="sans-serif" font-size="16" fill="${colour}">${text}</text>`;
}

async function drawSheet(name: RuleName): Promise<Buffer> {
  const { passing, failing, failingLooksLike, labels, earlier, isInvisible } = CHECK_EXAMPLES[name];
  const badgeOf = async (bytes: Buffer) =>
    isInvisible === true ? describeValue(name, await factsOf(name, bytes, inspect)) : '';
  const [passed, failed] = [await passing(), await failing()];
  const shown = failingLooksLike === undefined ? failed : await failingLooksLike();
  const tiles = [
    ...(earlier?.picture === undefined ? [] : [await drawOne(await earlier.picture(), EARLIER, 'earlier')]),
    await drawOne(passed, PASSES, `✓ ${labels[0]}`, await badgeOf(passed)),
    await drawOne(shown, FAILS, `✗ ${labels[1]}`, await badgeOf(failed)),
  ];
  const width = tiles.length * (WIDTH + GAP) - GAP;
  return sharp({ create: { width, height: HEIGHT + LABEL, channels: 3, background: 'white' } })
    .composite(tiles.map((input, index) => ({ input, left: index * (WIDTH + GAP), top: 0 })))
    .png({ palette: true, colours: 64, effort: 10 })
    .toBuffer();
}

const decoders = createDecoderPool({ onEnd: () => undefined });

async function inspect(bytes: Buffer, options: InspectOptions): Promise<ImageFacts | null> {
  const result = await inspectBy(decoders.inspectImage, bytes, options);
  if ('noImage' in result) return null;
  if ('lost' in result) throw new Error(result.reason);
  return result;
}

await mkdir(DIR, { recursive: true });
let page = await readFile(PAGE, 'utf8');
for (const name of RULE_NAMES) {
  const sheet = await drawSheet(name);
  await writeFile(`${DIR}/${name}.png`, sheet);
  page = writeExample(page, name, await describeExample(name, inspect));
  process.stdout.write(`${DIR}/${name}.png ${sheet.length}\n`);
}
await writeFile(PAGE, page);
await writeFile(POLICIES_PAGE, writeRuleRows(await readFile(POLICIES_PAGE, 'utf8')));
await decoders.close();
