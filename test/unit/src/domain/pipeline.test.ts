import { describe, expect, it } from 'vitest';
import { advance, type Known, type PipelineStep } from '../../../../src/domain/pipeline.ts';

interface Named extends PipelineStep {
  readonly name: string;
}

const urls: Named = { name: 'urls', needs: null };
const reachable: Named = { name: 'reachable', needs: null, tells: 'file' };
const image: Named = { name: 'image', needs: 'file', tells: 'facts' };
const format: Named = { name: 'format', needs: 'facts' };
const size: Named = { name: 'size', needs: 'facts' };
const ALL = [urls, reachable, image, format, size];

function namesAfter(waiting: readonly Named[], known: Record<string, boolean>) {
  const { ready, skipped, waiting: still } = advance(waiting, new Map(Object.entries(known)) as Known);
  const names = (steps: readonly Named[]) => steps.map(({ name }) => name);
  return { ready: names(ready), skipped: names(skipped), waiting: names(still) };
}

describe('the order of steps', () => {
  it('begins with all steps that need nothing, in the given order', () => {
    expect(namesAfter(ALL, {})).toEqual({
      ready: ['urls', 'reachable'],
      skipped: [],
      waiting: ['image', 'format', 'size'],
    });
  });

  it('goes on with steps whose needs are known, and with no others', () => {
    expect(namesAfter([image, format, size], { file: true })).toEqual({
      ready: ['image'],
      skipped: [],
      waiting: ['format', 'size'],
    });
    expect(namesAfter([format, size], { file: true, facts: true }).ready).toEqual(['format', 'size']);
  });

  it('skips steps whose needs will never be known, directly or through others', () => {
    const skipsAll = { ready: [], skipped: ['image', 'format', 'size'], waiting: [] };
    expect(namesAfter([image, format, size], { file: false })).toEqual(skipsAll);
    // Wherever the steps stand in the list.
    expect(namesAfter([size, image], { file: false })).toEqual({
      ready: [],
      skipped: ['image', 'size'],
      waiting: [],
    });
  });

  it('lets steps that need something else go on beside skipped ones', () => {
    const text: Named = { name: 'text', needs: 'text' };
    expect(namesAfter([image, format, text], { file: false, text: true })).toEqual({
      ready: ['text'],
      skipped: ['image', 'format'],
      waiting: [],
    });
  });

  it("keeps later steps waiting while a step's trouble lasts, and skips none", () => {
    expect(namesAfter([image, format, size], {})).toEqual({
      ready: [],
      skipped: [],
      waiting: ['image', 'format', 'size'],
    });
  });
});
