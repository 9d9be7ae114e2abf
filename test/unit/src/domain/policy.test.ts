import { describe, expect, it } from 'vitest';
import { RULE_NAMES } from '../../../../src/domain/checks/index.ts';
import { errorsOf, type Finding, reportFindings } from '../../../../src/domain/findings.ts';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';
import { judge } from '../../../../src/domain/judge.ts';
import {
  DEFAULT_POLICY,
  describePolicy,
  parsePolicyReference,
  planFor,
  policyRules,
  stepsUnder,
} from '../../../../src/domain/policy.ts';
import { CHECK_EXAMPLES } from '../../../support/images/check-examples.ts';

const PNG: ImageFacts = {
  format: 'PNG',
  width: 2_000,
  height: 10,
  bytes: 1_000,
  sha256: 'a'.repeat(64),
  integrity: { state: 'intact' },
};
const reported = (findings: readonly Finding[]) => reportFindings(findings, {});

describe("the contract's own policy", () => {
  it("finds what the contract's steps find, in the contract's words", () => {
    expect(errorsOf(reported(judge(PNG, DEFAULT_POLICY.rules).findings))).toEqual({
      asset: [
        'Assets must be a JPEG, the provided image is a PNG',
        'Image dimensions must have a width and height smaller than 1000px. The provided image has dimensions of 2000x10px.',
      ],
    });
    expect(judge({ ...PNG, format: 'JPEG', width: 1_000, height: 1_000 }, DEFAULT_POLICY.rules)).toEqual({
      findings: [],
      unknown: [],
    });
  });

  it('needs no pixels and no earlier assets', () => {
    expect(planFor(DEFAULT_POLICY)).toMatchObject({ measures: [], comparesWithEarlier: false });
  });
});

describe('the rules of a policy', () => {
  const between = (minWidth: number, minHeight: number, width: number, height: number) => ({
    minDimensions: { width: minWidth, height: minHeight },
    maxDimensions: { width, height },
  });

  it('are none, each alone, or all of them', () => {
    expect(policyRules.parse({})).toEqual({});
    const given = { formats: { allow: ['PNG'] }, dark: {}, nearDuplicates: { severity: 'warning' } };
    expect(policyRules.parse(given)).toEqual({
      formats: { allow: ['PNG'], severity: 'error' },
      dark: { threshold: 0.32, severity: 'error' },
      nearDuplicates: { maxDistance: 0, severity: 'warning' },
    });
  });

  it.each([
    [{ darkness: {} }, []],
    [{ dark: { treshold: 0.3 } }, ['dark']],
    [{ dark: { threshold: 1.5 } }, ['dark', 'threshold']],
    [{ formats: {} }, ['formats', 'allow']],
    [{ formats: { allow: ['SVG'] } }, ['formats', 'allow', 0]],
    [{ maxDimensions: { width: 0, height: 5 } }, ['maxDimensions', 'width']],
    [{ structure: { refuse: ['png_crc_mismatch'] } }, ['structure', 'refuse', 0]],
    [{ alpha: { severity: 'fatal' } }, ['alpha', 'severity']],
    [{ alpha: { message: '' } }, ['alpha', 'message']],
    [{ alpha: { message: 'x\0' } }, ['alpha', 'message']],
    [{ nearDuplicates: { maxDistance: 8 } }, ['nearDuplicates', 'maxDistance']],
    [{ bytes: { min: 10, max: 5 } }, ['bytes', 'min']],
    [{ ...between(5, 10, 4, 10) }, ['minDimensions', 'width']],
    [{ ...between(4, 10, 4, 9) }, ['minDimensions', 'height']],
  ])('are refused at the place of the fault: %j', (given, path) => {
    const { error } = policyRules.safeParse(given);
    expect(error?.issues[0]?.path).toEqual(path);
  });

  it('may allow only one size, and ask for more displayed pixels than stored ones', () => {
    const { minDimensions, maxDimensions } = between(9, 5, 5, 9);
    for (const rules of [
      between(5, 9, 5, 9),
      { minDimensions: { ...minDimensions, of: 'displayed' }, maxDimensions },
      { bytes: { min: 5, max: 5 } },
    ])
      expect(policyRules.safeParse(rules).error).toBeUndefined();
  });

  it('are unchanged after they are stored and read again', () => {
    const rules = policyRules.parse(
      Object.fromEntries(RULE_NAMES.map((name) => [name, CHECK_EXAMPLES[name].rule])),
    );
    expect(Object.keys(rules)).toEqual(RULE_NAMES);
    expect(policyRules.parse(JSON.parse(JSON.stringify(rules)))).toEqual(rules);
  });

  it.each([
    [
      {
        maxDimensions: {
          width: 500,
          height: 500,
          message: '{of}: {width}×{height}, not {rule.width} { width }',
        },
      },
      'stored: 2000×10, not 500 { width }',
    ],
    [{ formats: { allow: ['JPEG', 'GIF'], message: 'No {format}, but {allow}' } }, 'No PNG, but JPEG, GIF'],
    [{ aspectRatio: { threshold: 1 / 3, message: '{score}, not {threshold}' } }, '0.005, not 0.3333'],
    [{ bytes: { min: 5_000, message: '{bytes} of {min}, {rule.min}' } }, '1000 of 5000, 5000'],
  ])('may have a message of their own, with measures and settings filled in: %j', (given, message) => {
    expect(judge(PNG, policyRules.parse(given)).findings.map((finding) => finding.message)).toEqual([
      message,
    ]);
  });

  it.each([
    [
      'formats',
      { allow: ['PNG'], message: '{width}' },
      '{width} is not a placeholder of this rule; allowed: {format}, {allow}, {rule.allow}',
    ],
    [
      'bytes',
      { message: '{bytes} of {max}' },
      '{max} is not a placeholder of this rule; allowed: {bytes}, {min}, {rule.min}',
    ],
    ['alpha', { message: '{constructor}' }, '{constructor} is not a placeholder of this rule; allowed: none'],
    [
      'dark',
      { message: '{severity}' },
      '{severity} is not a placeholder of this rule; allowed: {score}, {threshold}, {rule.threshold}',
    ],
  ])('are refused if their message names an unknown value: %s %j', (name, rule, message) => {
    const { error } = policyRules.safeParse({ [name]: rule });
    expect(error?.issues).toMatchObject([{ path: [name, 'message'], message }]);
  });

  it('show at most 1,000 characters, however often they name a list', () => {
    const allow = ['JPEG', 'GIF', 'WEBP', 'TIFF', 'BMP'];
    const rules = policyRules.parse({ formats: { allow, message: '{allow}😀'.repeat(55) } });
    const message = judge(PNG, rules).findings[0]?.message ?? '';
    expect(message).toHaveLength(1_000);
    expect(message).toMatch(/^(JPEG, GIF, WEBP, TIFF, BMP😀)+.*…$/u);
    expect(message.isWellFormed()).toBe(true);
  });

  it('fail an asset by errors only; warnings and infos are reported with it', () => {
    const rules = policyRules.parse({
      formats: { allow: ['JPEG'], severity: 'warning' },
      maxDimensions: { width: 500, height: 500, severity: 'info' },
    });
    const findings = reported(judge(PNG, rules).findings);
    expect(findings.map(({ severity }) => severity)).toEqual(['warning', 'info']);
    expect(errorsOf(findings)).toBeNull();
  });
});

describe('a reference to a policy', () => {
  it.each([
    ['default', { name: 'default', version: null }],
    ['png-ok@12', { name: 'png-ok', version: 12 }],
    ['a', { name: 'a', version: null }],
  ])('is a name with or without a version: %s', (reference, expected) => {
    expect(parsePolicyReference(reference)).toEqual(expected);
  });

  it.each([
    '',
    '@1',
    'a@',
    'a@0',
    'a@01',
    'a@1.5',
    'A@1',
    'a b',
    '-a',
    'a-',
    'a@1234567890',
    'a@1\n',
    `${'a'.repeat(64)}@1`,
  ])('is nothing else: %j', (reference) => expect(parsePolicyReference(reference)).toBeNull());

  it('is written on verdicts', () => {
    expect(describePolicy(DEFAULT_POLICY)).toBe('default@1');
  });
});

describe('the steps of a validation', () => {
  it("are the contract's five under its own policy, and one more if a checksum is given", () => {
    expect(stepsUnder(DEFAULT_POLICY, false)).toHaveLength(5);
    expect(stepsUnder(DEFAULT_POLICY, true).at(-1)).toBe('checkChecksum');
  });

  it('are only those that the policy needs', () => {
    const policy = {
      name: 'p',
      version: 1,
      rules: policyRules.parse({ dark: {}, formats: { allow: ['PNG'] } }),
    };
    expect(stepsUnder(policy, false)).toEqual([
      'checkWebhookUrls',
      'checkAssetReachable',
      'checkIsImage',
      'checkIsJpeg',
      'checkDark',
    ]);
  });
});
