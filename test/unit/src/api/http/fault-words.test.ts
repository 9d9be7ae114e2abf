import { describe, expect, it } from 'vitest';
import { parse } from '../../../../../src/api/http/parse.ts';
import { keyRequest } from '../../../../../src/api/keys/requests.ts';
import { judgeRequest, parseNewName, policyRequest } from '../../../../../src/api/policies/requests.ts';
import { listQuery, submission } from '../../../../../src/api/assets/requests.ts';
import { AppError } from '../../../../../src/domain/errors.ts';

/** The faults of a request, field by field. */
function faultsOf(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof AppError) return error.faults.map(({ pointer, detail }) => `${pointer} ${detail}`);
    throw error;
  }
  return [];
}

const assetPath = { location: 'local', path: './x.jpg' };
const NAMES =
  'names have lower-case letters, digits and hyphens (neither first nor last), 63 characters at most';
const REFERENCE = 'must be name@version, or name:';

describe('the text of a fault', () => {
  it('says that a missing field is required', () => {
    expect(faultsOf(() => parse(policyRequest, {}))).toEqual(['/rules is required']);
    expect(faultsOf(() => parse(policyRequest, { rules: { formats: {}, maxDimensions: {} } }))).toEqual([
      '/rules/formats/allow is required',
      '/rules/maxDimensions/width is required',
      '/rules/maxDimensions/height is required',
    ]);
    expect(faultsOf(() => parse(submission, {}))).toEqual(['/assetPath is required']);
    expect(faultsOf(() => parse(submission, { assetPath: {} }))).toEqual(['/assetPath/location is required']);
    expect(faultsOf(() => parse(keyRequest, {}))).toEqual(['/name is required', '/scopes is required']);
  });

  it('says what a wrong field must be', () => {
    const rules = {
      dark: { threshold: 1.5, severity: 'fatal' },
      light: { threshold: -1 },
      bytes: { min: 1.5, max: '3' },
      blur: { message: '' },
      alpha: null,
      formats: { allow: [] },
      darkness: {},
    };
    expect(faultsOf(() => parse(policyRequest, { rules, more: 1 }))).toEqual([
      '/rules/formats/allow must have at least 1 element',
      '/rules/bytes/min must be an integer',
      '/rules/bytes/max must be a number',
      '/rules/alpha must be an object',
      '/rules/dark/severity must be one of "error", "warning", "info"',
      '/rules/dark/threshold must be at most 1',
      '/rules/light/threshold must be at least 0',
      '/rules/blur/message must have at least 1 character',
      expect.stringMatching(/^\/rules\/darkness is not a rule; the rules are formats, /),
      '/more is not a known field',
    ]);
    expect(faultsOf(() => parse(policyRequest, []))).toEqual([' must be an object']);
    expect(faultsOf(() => parse(submission, { assetPath: { location: 'ftp' } }))).toEqual([
      '/assetPath/location must be one of "local", "http", "s3", "gcs", "azure", "upload"',
    ]);
    expect(faultsOf(() => parse(submission, { assetPath, labels: { 'a b': 'x' } }))).toEqual([
      '/labels/a b has a name that must be a name of letters, digits, ".", "_" and "-"',
    ]);
    expect(faultsOf(() => parse(listQuery, { limit: 'many' }))).toEqual(['/limit must be a number']);
    expect(faultsOf(() => parse(judgeRequest, { assets: ['x'] }))).toEqual(['/assets/0 must be a UUID']);
  });

  it.each([
    ['catalogue@v1', 'a version is a number from 1; without one it is the latest'],
    ['catalogue@', 'a version is a number from 1; without one it is the latest'],
    ['catalogue@0', 'a version is a number from 1; without one it is the latest'],
    ['Catalogue', NAMES],
    ['Catalogue@1', NAMES],
    ['@latest', NAMES],
    ['', NAMES],
  ])('tells the fault of the reference to a policy: %j', (policy, why) => {
    expect(faultsOf(() => parse(submission, { assetPath, policy }))).toEqual([`/policy ${REFERENCE} ${why}`]);
  });

  it('says what names of policies may have, and points at the name in the path', () => {
    expect(faultsOf(() => parseNewName('Catalogue'))).toEqual([`/name ${NAMES}`]);
  });
});
