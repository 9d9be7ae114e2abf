import { mkdir, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { RULE_NAMES } from '../../src/domain/checks/index.ts';
import { CHECK_EXAMPLES } from './check-examples.ts';

/** `npm run docs:pictures`: what docs/checks.md shows of each check, drawn from the examples that its test holds it to. */
const DIR = 'docs/images/checks';
const [WIDTH, HEIGHT, LABEL] = [200, 150, 26];

async function drawOne(bytes: Buffer, colour: string, mark: string, label: string): Promise<Buffer> {
  const picture = await sharp(bytes)
    .resize(WIDTH, HEIGHT, { fit: 'contain', background: '#f4f4f4', withoutEnlargement: true })
    .toColourspace('srgb')
    .flatten({ background: '#f4f4f4' })
    .png()
    .toBuffer();
  const frame = `<svg width="${WIDTH}" height="${HEIGHT + LABEL}" xmlns="http://www.w3.org/2000/svg">
    <rect x="1" y="1" width="${WIDTH - 2}" height="${HEIGHT + LABEL - 2}" fill="none" stroke="${colour}" stroke-width="2"/>
    <text x="8" y="${HEIGHT + 18}" font-family="sans-serif" font-size="13" fill="${colour}">${mark} ${label}</text></svg>`;
  return sharp({ create: { width: WIDTH, height: HEIGHT + LABEL, channels: 3, background: 'white' } })
    .composite([
      { input: picture, left: 0, top: 0 },
      { input: Buffer.from(frame), left: 0, top: 0 },
    ])
    .png()
    .toBuffer();
}

await mkdir(DIR, { recursive: true });
for (const name of RULE_NAMES) {
  const { passing, failing, labels } = CHECK_EXAMPLES[name];
  const left = await drawOne(await passing(), '#1a7f37', '✓', labels[0]);
  const right = await drawOne(await failing(), '#b3261e', '✗', labels[1]);
  const sheet = await sharp({
    create: { width: 2 * WIDTH + 12, height: HEIGHT + LABEL, channels: 3, background: 'white' },
  })
    .composite([
      { input: left, left: 0, top: 0 },
      { input: right, left: WIDTH + 12, top: 0 },
    ])
    .png({ palette: true, colours: 64, effort: 10 })
    .toBuffer();
  await writeFile(`${DIR}/${name}.png`, sheet);
  process.stdout.write(`${DIR}/${name}.png ${sheet.length}\n`);
}
