import { request } from 'undici';
import type { Target } from './load.ts';
import { measurePipeline } from './pipeline.ts';

/** All assets are one picture. As warnings, the checks let all of them end alike. */
const asWarning = { severity: 'warning' };

const POLICIES = {
  /** The rules of the contract, judged in one activity instead of two. */
  contract: { formats: { allow: ['JPEG'] }, maxDimensions: { width: 1000, height: 1000 } },
  quality: {
    dark: asWarning,
    light: asWarning,
    aspectRatio: asWarning,
    information: asWarning,
    blur: asWarning,
    grayscale: asWarning,
    size: asWarning,
    exactDuplicates: asWarning,
    nearDuplicates: { ...asWarning, maxDistance: 7 },
  },
};

/** Assets a second under the default policy, its rules as a policy, and all quality checks, one after the other. */
export async function measurePolicies(target: Target) {
  const byDefault = await measurePipeline(target);
  const answers: Record<string, unknown> = { default: byDefault };
  for (const [name, rules] of Object.entries(POLICIES)) {
    const { statusCode, body } = await request(`${target.baseUrl}/policies/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rules }),
    });
    if (statusCode !== 201) throw new Error(`POST answered ${statusCode}: ${await body.text()}`);
    await body.dump();
    const measured = await measurePipeline(target, { policy: `${name}@1` });
    const ratio = Math.round((measured.assetsPerS / byDefault.assetsPerS) * 100) / 100;
    answers[name] = { ...measured, ofDefault: ratio };
  }
  return answers;
}
