import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CHECKS, RULE_NAMES, type RuleName } from '../../../../../src/domain/checks/index.ts';
import { sizeOf } from '../../../../../src/domain/checks/size.ts';
import { type Finding, reportFindings, STEP_NAMES } from '../../../../../src/domain/findings.ts';
import type { ImageFacts } from '../../../../../src/domain/image-facts.ts';
import { judge } from '../../../../../src/domain/judge.ts';
import type { Measure } from '../../../../../src/domain/measures.ts';
import { planFor, policyRules } from '../../../../../src/domain/policy.ts';

/** All facts are known, and every check passes. */
const FINE: ImageFacts = {
  format: 'JPEG',
  width: 640,
  height: 480,
  displayed: { width: 480, height: 640 },
  bytes: 100_000,
  sha256: 'a'.repeat(64),
  integrity: { state: 'intact' },
  colourSpace: 'ycbcr',
  hasAlpha: false,
  animated: false,
  frames: 1,
  notes: [{ code: 'mpo', severity: 'info' }],
  measures: {
    brightness: { p5: 0.1, p99: 0.9 },
    entropy: 7.5,
    blur: { edges: 40, spread: 60 },
    pixelHash: 'b'.repeat(64),
    perceptualHash: 'c'.repeat(16),
  },
  earlier: { exact: null, near: [], sizes: { q1: 500, q3: 600, count: 100 } },
};
const OTHER = '01935f7e-0000-7000-8000-000000000001';

interface Example {
  /** As a policy gives it. */
  readonly rule: object;
  /** The facts that make the picture fail. */
  readonly wrong: Partial<ImageFacts>;
  readonly measured: object;
  readonly message: string;
  /** Facts exactly at the bound. They pass. Required if a setting is a number. */
  readonly justRight?: Partial<ImageFacts>;
  /** Facts without which the check can't judge. */
  readonly lacking?: readonly (keyof ImageFacts)[];
  /** A measure of the plan that `judge` does not read, because it only helps to find the earlier assets. */
  readonly measureOfSearch?: Measure;
}

const EXAMPLES: Record<RuleName, Example> = {
  formats: {
    rule: { allow: ['JPEG', 'PNG', 'WEBP'] },
    wrong: { format: 'GIF' },
    measured: { format: 'GIF' },
    message: 'Assets must be a JPEG, PNG or WEBP, the provided image is a GIF',
    justRight: { format: 'PNG' },
  },
  maxDimensions: {
    rule: { width: 640, height: 480 },
    wrong: { width: 641 },
    measured: { width: 641, height: 480 },
    message:
      'Image dimensions must have a width of at most 640px and a height of at most 480px. The provided image has dimensions of 641x480px.',
    justRight: {},
  },
  minDimensions: {
    rule: { width: 480, height: 640, of: 'displayed' },
    wrong: { displayed: { width: 640, height: 480 } },
    measured: { width: 640, height: 480 },
    message:
      'Images must be at least 480px wide and 640px high. The provided image has dimensions of 640x480px.',
    justRight: {},
  },
  bytes: {
    rule: { min: 1_000, max: 100_000 },
    wrong: { bytes: 100_001 },
    measured: { bytes: 100_001 },
    message: 'Files must have 1000 to 100000 bytes, the provided file has 100001.',
    justRight: { bytes: 1_000 },
  },
  colourSpaces: {
    rule: { allow: ['ycbcr', 'rgb'] },
    wrong: { colourSpace: 'cmyk' },
    measured: { colourSpace: 'cmyk' },
    message: 'Images must be stored as ycbcr or rgb, the provided image is cmyk.',
    lacking: ['colourSpace'],
  },
  alpha: {
    rule: {},
    wrong: { hasAlpha: true },
    measured: {},
    message: 'Images must have no alpha channel.',
    lacking: ['hasAlpha'],
  },
  animation: {
    rule: {},
    wrong: { animated: true, frames: 3 },
    measured: { frames: 3 },
    message: 'Images must not be animated, the provided image has 3 frames.',
    lacking: ['animated'],
  },
  structure: {
    rule: { refuse: ['trailing_bytes', 'icc_garbage', 'extension_mismatch'] },
    wrong: {
      notes: [
        { code: 'extension_mismatch', severity: 'warning', detail: 'named .jpg, but is a PNG' },
        { code: 'icc_garbage', severity: 'warning' },
      ],
    },
    measured: {
      notes: ['icc_garbage', 'extension_mismatch'],
      details: ['icc_garbage', 'extension_mismatch (named .jpg, but is a PNG)'],
    },
    message:
      "The file's structure is not allowed: icc_garbage, extension_mismatch (named .jpg, but is a PNG).",
    lacking: ['notes'],
  },
  checked: {
    rule: {},
    wrong: { integrity: { state: 'not_checked', reason: 'more than 200 megapixels' } },
    measured: { reason: 'more than 200 megapixels' },
    message: 'The image was not wholly checked: more than 200 megapixels.',
  },
  aspectRatio: {
    rule: {},
    wrong: { width: 349, height: 1_000 },
    measured: { score: 0.349 },
    message: 'Image has an odd aspect ratio: shorter side / longer side 0.349, minimum 0.350.',
    justRight: { width: 1_000, height: 350 },
  },
  grayscale: {
    rule: {},
    wrong: { colourSpace: 'grey' },
    measured: {},
    message: 'Image is grayscale.',
    lacking: ['colourSpace'],
  },
  dark: {
    rule: {},
    wrong: { measures: { brightness: { p5: 0, p99: 0.31999 } } },
    measured: { score: 0.31999 },
    message: 'Image is too dark: brightness of its brightest parts 0.31999, minimum 0.32000.',
    justRight: { measures: { brightness: { p5: 0, p99: 0.32 } } },
    lacking: ['measures'],
  },
  light: {
    rule: { threshold: 0.25 },
    wrong: { measures: { brightness: { p5: 0.875, p99: 1 } } },
    measured: { score: 0.125 },
    message: 'Image is too light: darkness of its darkest parts 0.13, minimum 0.25.',
    justRight: { measures: { brightness: { p5: 0.75, p99: 1 } } },
    lacking: ['measures'],
  },
  information: {
    rule: { threshold: 0.25 },
    wrong: { measures: { entropy: 2.4 } },
    measured: { score: 0.24 },
    message: 'Image has little information: entropy score 0.24, minimum 0.25.',
    justRight: { measures: { entropy: 2.5 } },
    lacking: ['measures'],
  },
  blur: {
    rule: {},
    // The spread scores 0.1393, which is below the colour threshold of 0.18, so it does not count.
    wrong: { measures: { blur: { edges: 20, spread: 15 } } },
    measured: { score: 1 - Math.exp(-0.2) },
    message: 'Image is blurry: sharpness 0.18, minimum 0.29.',
    justRight: { measures: { blur: { edges: 20, spread: 20 } } },
    lacking: ['measures'],
  },
  size: {
    rule: {},
    // Usual is 500 − 300 to 600 + 300.
    wrong: { width: 901, height: 901 },
    measured: { score: 1 - 351 / 700, size: 901, q1: 500, q3: 600, count: 100 },
    message:
      'Image has an odd size: √(width · height) is 901px, and half of the earlier images have 500px to 600px.',
    justRight: { width: 900, height: 900 },
    lacking: ['earlier'],
  },
  exactDuplicates: {
    rule: {},
    wrong: { earlier: { exact: OTHER, exactPath: './a.jpg', near: [], sizes: null } },
    measured: { assetId: OTHER, path: './a.jpg' },
    message: `Image is an exact duplicate of asset ${OTHER} (./a.jpg).`,
    lacking: ['earlier'],
  },
  nearDuplicates: {
    rule: { maxDistance: 3 },
    wrong: {
      earlier: { exact: null, near: [{ assetId: OTHER, distance: 3, path: './b.jpg' }], sizes: null },
    },
    measured: { assetId: OTHER, distance: 3, path: './b.jpg' },
    message: `Image looks like asset ${OTHER} (./b.jpg): their perceptual hashes differ in 3 of 64 bits.`,
    justRight: { earlier: { exact: null, near: [{ assetId: OTHER, distance: 4 }], sizes: null } },
    lacking: ['earlier'],
    // The search for similar assets leaves out those with the same pixels.
    measureOfSearch: 'pixelHash',
  },
};

describe('all checks', () => {
  const repeated = (names: readonly string[]) => names.filter((name, at) => names.indexOf(name) !== at);

  it('have steps and codes that differ', () => {
    expect(repeated(STEP_NAMES)).toEqual([]);
    expect(repeated(RULE_NAMES.map((name) => CHECKS[name].code))).toEqual([]);
  });
});

describe.each(RULE_NAMES.map((name) => [name, EXAMPLES[name]] as const))('the check %s', (name, example) => {
  const rules = policyRules.parse({ [name]: example.rule });
  const step = CHECKS[name].name;

  it('passes a good picture', () => {
    expect(judge(FINE, rules)).toEqual({ findings: [], unknown: [] });
  });

  it('passes a picture exactly at its bound', () => {
    const { properties = {} } = z.toJSONSchema(z.object(CHECKS[name].settings));
    const isNumber = (setting: unknown) => ['number', 'integer'].includes(Object(setting).type as string);
    const { justRight } = example;
    if (Object.values(properties).some(isNumber)) expect(justRight, 'justRight').toBeDefined();
    expect(judge({ ...FINE, ...justRight }, rules)).toEqual({ findings: [], unknown: [] });
  });

  it('finds a bad picture, with its measurement, in words', () => {
    const { findings, unknown } = judge({ ...FINE, ...example.wrong }, rules);
    expect(unknown).toEqual([]);
    expect(findings).toMatchObject([
      { code: CHECKS[name].code, step, key: 'asset', severity: 'error', message: example.message },
    ]);
    for (const [key, value] of Object.entries(example.measured)) {
      const found = findings[0]?.measured[key];
      if (typeof value === 'number') expect(found).toBeCloseTo(value, 12);
      else expect(found).toEqual(value);
    }
    const shown = Object.keys(findings[0]?.measured ?? {}).sort();
    expect(shown).toEqual(Object.keys(example.measured).sort());
    expect(shown).toEqual([...CHECKS[name].shows].sort());
  });

  it('reports missing facts, and fails no picture for them', () => {
    for (const fact of example.lacking ?? []) {
      const facts = { ...FINE, [fact]: undefined };
      expect(judge(facts as ImageFacts, rules)).toEqual({ findings: [], unknown: [step] });
    }
  });

  it('asks for what it needs, and for nothing else', () => {
    const plan = planFor({ name: 'only', version: 1, rules });
    expect(plan.steps).toEqual([step]);
    const measures = Object.fromEntries(plan.measures.map((measure) => [measure, FINE.measures?.[measure]]));
    const { earlier, ...rest } = FINE;
    const facts = { ...rest, measures, ...(plan.comparesWithEarlier && { earlier }) } as ImageFacts;
    expect(judge(facts, rules).unknown).toEqual([]);
    for (const measure of plan.measures) {
      const { [measure]: _without, ...others } = FINE.measures ?? {};
      const isRead = measure !== example.measureOfSearch;
      expect(judge({ ...FINE, measures: others }, rules).unknown, measure).toEqual(isRead ? [step] : []);
    }
    if (plan.comparesWithEarlier) expect(judge(rest, rules).unknown, 'earlier').toEqual([step]);
  });
});

/** The sentence about the only finding. */
function sentenceOf(facts: Partial<ImageFacts>, rules: object): string | undefined {
  const { findings } = judge({ ...FINE, ...facts }, policyRules.parse(rules));
  expect(findings).toHaveLength(1);
  return findings[0]?.message;
}

describe('sentences', () => {
  const sharp = (edges: number) => ({ measures: { ...FINE.measures, blur: { edges, spread: 0 } } });
  const edgesOf = (score: number) => -100 * Math.log(1 - score);

  it.each([
    [0.277, {}, 'sharpness 0.28, minimum 0.29'],
    [0.2899, {}, 'sharpness 0.2899, minimum 0.2900'],
    [0.289999999, {}, 'sharpness 0.289999999, minimum 0.290000000'],
    [0.28, { threshold: 0.285 }, 'sharpness 0.280, minimum 0.285'],
    [0.3, { threshold: 1 / 3 }, 'sharpness 0.3000, minimum 0.3333'],
    [0.31, { message: '{score} < {threshold}', threshold: 0.32 }, '0.31 < 0.32'],
    [0.28999999, { message: '{score} < {rule.threshold}' }, '0.28999999 < 0.29000000'],
  ])('never say that a score of %d equals the bound that it misses: %o', (score, rule, words) => {
    expect(sentenceOf(sharp(edgesOf(score)), { blur: rule })).toContain(words);
  });

  it.each([
    [
      { width: 601, height: 600 },
      { q1: 600, q3: 600 },
      '600.5px, and half of the earlier images have 600px.',
    ],
    [
      { width: 10, height: 10 },
      { q1: 600, q3: 601 },
      '10px, and half of the earlier images have 600px to 601px.',
    ],
  ])('never say that an odd size is a usual one: %o', (sides, usual, words) => {
    const earlier = { exact: null, near: [], sizes: { ...usual, count: 100 } };
    expect(sentenceOf({ ...sides, earlier }, { size: {} })).toContain(words);
  });

  it.each([
    [{ bytes: 0 }, { min: 1 }, 'Files must have at least 1 byte, the provided file has 0.'],
    [{ bytes: 3 }, { max: 2 }, 'Files must have at most 2 bytes, the provided file has 3.'],
    [{ bytes: 3 }, { min: 2, max: 2 }, 'Files must have exactly 2 bytes, the provided file has 3.'],
  ])('count bytes: %o', (facts, rule, words) => {
    expect(sentenceOf(facts, { bytes: rule })).toBe(words);
  });

  it('count frames', () => {
    expect(sentenceOf({ animated: true, frames: 1 }, { animation: {} })).toContain('has 1 frame.');
  });

  it('name equal hashes and the end of a long path, and do without a path that is not known', () => {
    const look = (near: object) =>
      ({ earlier: { exact: null, near: [near], sizes: null } }) as Partial<ImageFacts>;
    const path = `${'x/'.repeat(200)}cat.jpg`;
    expect(sentenceOf(look({ assetId: OTHER, distance: 0 }), { nearDuplicates: {} })).toBe(
      `Image looks like asset ${OTHER}: their perceptual hashes are equal.`,
    );
    expect(sentenceOf(look({ assetId: OTHER, distance: 0, path }), { nearDuplicates: {} })).toBe(
      `Image looks like asset ${OTHER} (…${path.slice(-119)}): their perceptual hashes are equal.`,
    );
    const message = 'seen: {path}';
    expect(sentenceOf(look({ assetId: OTHER, distance: 0 }), { nearDuplicates: { message } })).toBe(
      'seen: unknown',
    );
  });
});

describe('a picture of unknown dimensions', () => {
  const unknown: ImageFacts = { ...FINE, width: null, height: null };
  delete (unknown as { displayed?: unknown }).displayed;
  const rulesOf = (name: RuleName, severity: string) =>
    policyRules.parse({ [name]: { ...EXAMPLES[name].rule, severity, message: 'of our own' } });

  it.each(['maxDimensions', 'minDimensions', 'aspectRatio', 'size'] as const)('fails the rule %s', (name) => {
    for (const severity of ['error', 'warning']) {
      const code = 'dimensions_unknown';
      const message = 'Image dimensions could not be found.';
      const finding = { code, step: CHECKS[name].name, key: 'asset', severity, measured: {}, message };
      expect(judge(unknown, rulesOf(name, severity))).toEqual({ findings: [finding], unknown: [] });
      expect(reportFindings([finding as Finding], {})).toEqual([finding]);
    }
  });

  it('has no such finding if it is damaged, because that is the reason', () => {
    const damaged: ImageFacts = { ...unknown, integrity: { state: 'damaged', reason: 'truncated' } };
    expect(judge(damaged, rulesOf('maxDimensions', 'error'))).toEqual({
      findings: [],
      unknown: ['checkDimensions'],
    });
  });
});

describe('an image that was decoded, but not measured', () => {
  it('is not wholly checked', () => {
    const facts: ImageFacts = { ...FINE, notes: [{ code: 'not_measured', severity: 'warning' }] };
    expect(judge(facts, policyRules.parse({ checked: {} })).findings).toMatchObject([
      { code: 'not_checked', measured: { reason: 'too large to measure' } },
    ]);
  });
});

describe('odd sizes', () => {
  const rules = policyRules.parse({ size: {} });
  const sized = (width: number, sizes: { q1: number; q3: number; count: number }): ImageFacts => ({
    ...FINE,
    width,
    height: width,
    earlier: { exact: null, near: [], sizes },
  });

  it('do not exist while there are too few sizes to compare with', () => {
    expect(judge(sized(5_000, { q1: 500, q3: 600, count: 19 }), rules).findings).toEqual([]);
    expect(judge(sized(5_000, { q1: 500, q3: 600, count: 20 }), rules).findings).toHaveLength(1);
  });

  it('are all other sizes if all earlier assets have one size', () => {
    const usual = sizeOf({ width: 500, height: 500 });
    const sizes = { q1: usual, q3: usual, count: 50 };
    expect(judge(sized(500, sizes), rules).findings).toEqual([]);
    expect(judge(sized(501, sizes), rules).findings).toHaveLength(1);
  });
});
