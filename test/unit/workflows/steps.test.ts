import { describe, expect, it } from 'vitest';
import { STEP_NAMES } from '../../../src/domain/findings.ts';
import {
  DEFAULT_POLICY,
  planFor,
  type PolicyInUse,
  policyRules,
  stepsUnder,
} from '../../../src/domain/policy.ts';
import { stepNames, stepsFor } from '../../../workflows/steps.ts';

const policy = {
  name: 'p',
  version: 1,
  rules: policyRules.parse({ dark: {}, formats: { allow: ['PNG'] }, exactDuplicates: {} }),
};
const SHA256 = 'a'.repeat(64);

function inputWith(asked: { policy?: PolicyInUse; sha256?: string }) {
  return {
    assetId: 'a',
    attempt: 1,
    assetPath: { location: 'local', path: 'a.jpg' },
    webhookKeys: [],
    stepExecution: 'local',
    ...asked,
  } as const;
}

describe('the steps of a workflow', () => {
  it.each([
    ['the default policy', inputWith({}), stepsUnder(DEFAULT_POLICY, false)],
    ['the default policy and a checksum', inputWith({ sha256: SHA256 }), stepsUnder(DEFAULT_POLICY, true)],
    ['another policy', inputWith({ policy: planFor(policy) }), stepsUnder(policy, false)],
    [
      'another policy and a checksum',
      inputWith({ policy: planFor(policy), sha256: SHA256 }),
      stepsUnder(policy, true),
    ],
  ])('are the steps that details show, each in one activity: %s', (_, input, shown) => {
    expect(stepNames(input)).toEqual(shown);
    expect(stepsFor(input).flatMap(({ names }) => names)).toEqual(shown);
    for (const name of shown) expect(STEP_NAMES).toContain(name);
  });

  it('are one that runs the decoder, and others that judge its facts', () => {
    const runDecoder = stepsFor(inputWith({ policy: planFor(policy), sha256: SHA256 })).filter(
      (step) => step.runsDecoder === true,
    );
    expect(runDecoder.map(({ names }) => names)).toEqual([['checkIsImage']]);
  });
});
