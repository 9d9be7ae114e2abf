import { z } from 'zod';
import { POLICY_NAME, POLICY_REFERENCE } from '../../domain/policy.ts';

export const NAMES =
  'names have lower-case letters, digits and hyphens (neither first nor last), 63 characters at most';

/** `name@version`, or `name`. */
export const policyReference = z.string().regex(POLICY_REFERENCE, {
  error: ({ input }) => `must be name@version, or name: ${faultOf(String(input))}`,
});

function faultOf(reference: string): string {
  const [name = ''] = reference.split('@', 1);
  return POLICY_NAME.test(name) ? 'a version is a number from 1; without one it is the latest' : NAMES;
}
