import { afterAll, describe, expect, it } from 'vitest';
import type { ImageFacts } from '../../../../src/domain/image-facts.ts';
import { MEASURES } from '../../../../src/domain/measures.ts';
import { DEFAULT_POLICY, describePolicy, policyRules } from '../../../../src/domain/policy.ts';
import type { InspectImage } from '../../../../src/domain/ports/images.ts';
import { rejudge } from '../../../../src/domain/rejudge.ts';
import { createDecoderPool } from '../../../../src/image/decoder/pool.ts';
import { measureAll } from '../../../../src/image/measure-all.ts';
import { inspectBy } from '../../../support/images/inspect-by.ts';

const decoders = createDecoderPool({ processes: 1, onEnd: () => undefined });
afterAll(() => decoders.close());

/** Rules of a later version, each of which needs a measure. */
const RULES = policyRules.parse({ dark: {}, light: {}, information: {}, blur: {} });

async function factsBy(inspectImage: InspectImage): Promise<ImageFacts> {
  const facts = await inspectBy(inspectImage, './assets/rocket.jpg', { measures: [] });
  if ('noImage' in facts || 'lost' in facts) throw new Error('not inspected');
  return facts;
}

const judgedLater = (image: ImageFacts) =>
  rejudge(
    { id: 'x', state: 'complete', policy: describePolicy(DEFAULT_POLICY), findings: [], steps: [], image },
    RULES,
  );

describe('an image that was validated under a policy without measures', () => {
  it('cannot be judged by a later rule that needs one', async () => {
    const image = await factsBy(decoders.inspectImage);
    expect(image.measures).toBeUndefined();
    expect(judgedLater(image)).toMatchObject({ state: 'unknown' });
  });

  it('can be judged by it if everything was measured', async () => {
    const image = await factsBy(measureAll(decoders.inspectImage));
    expect(Object.keys(image.measures ?? {}).toSorted()).toEqual([...MEASURES].toSorted());
    expect(judgedLater(image)).toMatchObject({ state: 'complete', lacking: [] });
  });
});
