import { CHECKS } from '../../domain/checks/index.ts';
import { DEFAULT_POLICY, policyRules } from '../../domain/policy.ts';
import { orderRules } from './order-rules.ts';

/** The example of docs/policies.md, as the API would answer it. The OpenAPI document shows it. */
const MADE_AT = '2026-01-31T12:00:00.000Z';
const FIRST_MADE_AT = '2026-01-30T09:30:00.000Z';

export const RULES = {
  formats: { allow: ['JPEG', 'PNG'] },
  minDimensions: { width: 800, height: 600, message: 'Too small for print: {width}x{height}px.' },
  bytes: { max: 5_000_000 },
  dark: { threshold: 0.2, severity: 'warning' },
};

export const POLICY = {
  name: 'catalogue',
  version: 2,
  rules: orderRules(policyRules.parse(RULES)),
  createdAt: MADE_AT,
};

export const POLICY_WITH_VERSIONS = {
  ...POLICY,
  versions: [
    { version: 2, createdAt: MADE_AT },
    { version: 1, createdAt: FIRST_MADE_AT },
  ],
};

export const POLICIES = {
  policies: [
    { name: DEFAULT_POLICY.name, version: DEFAULT_POLICY.version, createdAt: null },
    { name: 'catalogue', version: 2, createdAt: MADE_AT },
  ],
};

export const JUDGE_REQUEST = { version: 1, limit: 20 };

const ASSET = '01a20d6b-029b-70ce-a38e-65984ddd12d0';
const SMALL = { width: 320, height: 240 };

export const JUDGEMENT = {
  policy: 'catalogue@1',
  assets: [
    {
      id: ASSET,
      state: 'failed',
      findings: [
        {
          code: CHECKS.minDimensions.code,
          step: CHECKS.minDimensions.name,
          key: 'asset',
          severity: 'error',
          message: 'Too small for print: 320x240px.',
          measured: SMALL,
        },
      ],
      was: { state: 'complete', policy: 'default@1' },
    },
  ],
  notFound: [],
  counts: { complete: 0, failed: 1, unknown: 0, changed: 1 },
  total: { complete: 0, failed: 1, unknown: 0, changed: 1 },
  next: null,
};
