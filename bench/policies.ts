import { request } from 'undici';
import type { Target } from './load.ts';
import { measurePipeline } from './pipeline.ts';

/** Warnings, so that every asset comes to the same end: all of them are one picture. */
const asWarning = { severity: 'warning' };

const POLICIES = {
  /** What the contract asks, judged in one activity instead of two. */
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
    const measured = await measurePipeline(target, `${name}@1`);
    const ratio = Math.round((measured.assetsPerS / byDefault.assetsPerS) * 100) / 100;
    answers[name] = { ...measured, ofDefault: ratio };
  }
  return answers;
}
