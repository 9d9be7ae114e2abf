import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKS, RULE_NAMES } from '../../src/domain/checks/index.ts';
import { CHECK_EXAMPLES } from '../support/images/check-examples.ts';
import { createTestClient, type TestClient } from '../support/client.ts';
import { type Stack, startStack } from '../support/stack.ts';

interface Details {
  readonly state: string;
  readonly policy: string;
  readonly findings: readonly { code: string; severity: string; measured: Record<string, unknown> }[];
  readonly image: { notes?: readonly { code: string; severity: string }[] } | null;
  readonly steps: readonly { name: string; state: string }[];
  readonly scores: readonly { rule: string; passed: boolean | null }[];
}

describe('an asset under a policy', () => {
  let stack: Stack;
  let client: TestClient;
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'validatr-checks-'));
    stack = await startStack({ ASSET_ROOTS: dir });
    client = createTestClient(stack.baseUrl);
  });
  afterAll(async () => {
    await stack?.stop();
    await rm(dir, { recursive: true });
  });

  async function definePolicy(name: string, rules: object): Promise<void> {
    expect((await client.call('POST', `/policies/${name}`, { rules })).status).toBe(201);
  }

  async function submit(file: string, policy: string): Promise<string> {
    const assetPath = { location: 'local', path: `${dir}/${file}` };
    const answer = await client.call('POST', '/assets/image/', { assetPath, policy });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { id: string }).id;
  }

  async function verdict(id: string): Promise<Details> {
    await client.verdict(id);
    return client.read<Details>(`/assets/${id}/details`);
  }

  it('that allows PNG passes all 161 valid files of PngSuite, and fails each of the 14 corrupt ones with a reason', async () => {
    await definePolicy('png', { formats: { allow: ['PNG'] } });
    const names = (await readdir('test/support/pngsuite')).filter((name) => name.endsWith('.png'));
    await Promise.all(names.map((name) => copyFile(`test/support/pngsuite/${name}`, join(dir, name))));
    const ids = await Promise.all(names.map((name) => submit(name, 'png@1')));
    // One after the other, because 175 clients that poll at once take the processor from the decoders.
    const verdicts: Details[] = [];
    for (const id of ids) verdicts.push(await verdict(id));
    const outcomes = names.map((name, index) => {
      const { state, findings, image } = verdicts[index] as Details;
      const errors = image?.notes?.filter(({ severity }) => severity === 'error') ?? [];
      return { name, state, codes: findings.map(({ code }) => code), notes: errors.map(({ code }) => code) };
    });
    const [corrupt, valid] = [true, false].map((isCorrupt) =>
      outcomes.filter(({ name }) => name.startsWith('x') === isCorrupt),
    );
    expect(valid).toHaveLength(161);
    for (const outcome of valid ?? [])
      expect(outcome).toMatchObject({ state: 'complete', codes: [], notes: [] });
    expect(corrupt).toHaveLength(14);
    for (const { name, state, codes, notes } of corrupt ?? []) {
      expect(state, name).toBe('failed');
      // Six of them have lost the signature of PNG.
      if (notes.length === 0) expect(codes, name).toEqual(['not_an_image']);
      else expect(codes, name).toEqual(['image_unreadable']);
    }
    expect(corrupt?.filter(({ notes }) => notes.length === 1)).toHaveLength(8);
  });

  const alone = RULE_NAMES.filter((name) => CHECK_EXAMPLES[name].earlier === undefined);

  it('of one rule is judged by that rule alone, end to end', async () => {
    const cases = await Promise.all(
      alone.map(async (name) => {
        const { rule, passing, failing } = CHECK_EXAMPLES[name];
        const policy = `only-${name.toLowerCase()}`;
        await definePolicy(policy, { [name]: rule });
        await writeFile(join(dir, `${name}-passing`), await passing());
        await writeFile(join(dir, `${name}-failing`), await failing());
        const ids = [
          await submit(`${name}-passing`, policy),
          await submit(`${name}-failing`, policy),
        ] as const;
        return { name, policy, ids };
      }),
    );
    for (const { name, policy, ids } of cases) {
      const [passed, failed] = [await verdict(ids[0]), await verdict(ids[1])];
      expect([passed.state, passed.policy, passed.findings], name).toEqual(['complete', `${policy}@1`, []]);
      expect([failed.state, failed.findings.map(({ code }) => code)], name).toEqual([
        'failed',
        [CHECKS[name].code],
      ]);
      const score = ({ scores }: Details) => scores.find(({ rule }) => rule === name)?.passed;
      const hasScore = 'score' in CHECKS[name];
      expect([score(passed), score(failed)], name).toEqual(hasScore ? [true, false] : [undefined, undefined]);
      expect(failed.steps.map((step) => [step.name, step.state])).toEqual([
        ['checkWebhookUrls', 'passed'],
        ['checkAssetReachable', 'passed'],
        ['checkIsImage', 'passed'],
        [CHECKS[name].name, 'failed'],
      ]);
    }
  });

  it('that asks for new pictures fails exact and near duplicates, whatever their format', async () => {
    await definePolicy('new', { exactDuplicates: {}, nearDuplicates: { maxDistance: 6 } });
    const picture = sharp('assets/retina.jpg').resize(400);
    await writeFile(join(dir, 'first.png'), await picture.png().toBuffer());
    await writeFile(join(dir, 'same.webp'), await picture.webp({ lossless: true }).toBuffer());
    await writeFile(join(dir, 'alike.jpg'), await picture.jpeg({ quality: 60 }).toBuffer());
    const first = await submit('first.png', 'new');
    expect(await verdict(first)).toMatchObject({ state: 'complete', findings: [] });
    expect(await verdict(await submit('same.webp', 'new'))).toMatchObject({
      state: 'failed',
      findings: [{ code: 'exact_duplicate', measured: { assetId: first, path: join(dir, 'first.png') } }],
    });
    // The same file is no duplicate of itself, however its path is spelled.
    for (const spelling of ['first.png', './first.png', `/../${basename(dir)}//first.png`])
      expect(await verdict(await submit(spelling, 'new')), spelling).toMatchObject({
        state: 'complete',
        findings: [],
      });
    expect(await verdict(await submit('alike.jpg', 'new'))).toMatchObject({
      state: 'failed',
      findings: [{ code: 'near_duplicate', measured: { assetId: first } }],
    });
    // Judged again under the same id, it is still the first.
    await client.call('POST', `/assets/${first}/retry`);
    expect(await verdict(first)).toMatchObject({ state: 'complete', findings: [] });
  });

  it('that fails is no original of another asset, and can be validated again under another policy', async () => {
    await definePolicy('proud', { exactDuplicates: {}, minDimensions: { width: 5_000, height: 5_000 } });
    await definePolicy('proud', { exactDuplicates: {} });
    for (const name of ['rocket.jpg', 'copy.jpg']) await copyFile('assets/rocket.jpg', join(dir, name));
    const first = await submit('rocket.jpg', 'proud@1');
    const codesOf = ({ findings }: Details) => findings.map(({ code }) => code);
    expect(codesOf(await verdict(first))).toEqual(['dimensions_too_small']);
    const second = await submit('copy.jpg', 'proud@2');
    expect(codesOf(await verdict(second))).toEqual([]);

    const retry = (id: string, body: object) => client.call('POST', `/assets/${id}/retry`, body);
    expect((await retry(first, { policy: 'proud@2' })).status).toBe(202);
    expect(await verdict(first)).toMatchObject({
      policy: 'proud@2',
      findings: [{ code: 'exact_duplicate', measured: { assetId: second } }],
    });
    expect((await retry(second, { policy: 'proud@1' })).status).toBe(202);
    expect(codesOf(await verdict(second))).toEqual(['dimensions_too_small']);
    expect((await retry(first, {})).status).toBe(202);
    expect(await verdict(first)).toMatchObject({ state: 'complete', policy: 'proud@2', findings: [] });
  });

  it('that asks for usual sizes finds an unusual one, once there are enough to compare with', async () => {
    await definePolicy('sizes', { size: {} });
    const usual = await sharp('assets/rocket.jpg').resize(300, 200).jpeg().toBuffer();
    const names = Array.from({ length: 20 }, (_, index) => `usual-${index}.jpg`);
    await Promise.all(names.map((name) => writeFile(join(dir, name), usual)));
    await writeFile(join(dir, 'tiny.jpg'), await sharp('assets/rocket.jpg').resize(30, 20).jpeg().toBuffer());
    // One file counts once, however often it is submitted.
    const [first = '', ...others] = names;
    for (const id of await Promise.all(Array.from({ length: 30 }, () => submit(first, 'sizes'))))
      await client.verdict(id);
    expect(await verdict(await submit('tiny.jpg', 'sizes'))).toMatchObject({ findings: [] });
    for (const id of await Promise.all(others.map((name) => submit(name, 'sizes')))) await client.verdict(id);
    expect(await verdict(await submit('tiny.jpg', 'sizes'))).toMatchObject({
      state: 'failed',
      findings: [{ code: 'odd_size' }],
    });
  });
});
