import { describe, expect, it } from 'vitest';
import type { Examined } from '../../../../bench/differential/examine.ts';
import { createSummary } from '../../../../bench/differential/summary.ts';

type State = Examined['ours']['state'];
type OtherState = 'whole' | 'damaged' | 'unsupported';

function tally(ours: State, first: OtherState, second: OtherState) {
  const summary = createSummary('/corpus');
  const usage = { megapixels: 1, cpuMs: 10, wallMs: 12, peakBytes: 0 };
  summary.add({
    path: '/corpus/a.jpg',
    format: 'JPEG',
    ours: { state: ours, notes: ['jpeg_missing_eoi'], ...usage },
    others: { first: { state: first }, second: { state: second, reason: 'no end' } },
  });
  const { formats, disagreements, faults } = summary.tell();
  return { ...formats['JPEG'], disagreements, faults };
}

describe('the summary of a differential run', () => {
  it('counts a file only if both others have the same verdict', () => {
    expect(tally('whole', 'whole', 'whole')).toMatchObject({ decidable: 1, agreement: 100 });
    expect(tally('damaged', 'damaged', 'damaged')).toMatchObject({ decidable: 1, agreement: 100 });
    expect(tally('whole', 'whole', 'damaged')).toMatchObject({ undecided: 1, decidable: 0, agreement: null });
    expect(tally('damaged', 'unsupported', 'unsupported')).toMatchObject({ undecided: 1, decidable: 0 });
  });

  it('lists files about which Validatr alone has another verdict', () => {
    expect(tally('damaged', 'whole', 'whole')).toMatchObject({
      agreement: 0,
      disagreements: [{ path: 'a.jpg', ours: 'damaged, jpeg_missing_eoi', first: 'whole', second: 'no end' }],
    });
  });

  it('counts apart what Validatr has not decoded', () => {
    expect(tally('not_checked', 'whole', 'whole')).toMatchObject({ notChecked: 1, decidable: 0 });
  });

  it('lists crashes, hangs and errors, whatever the others say', () => {
    for (const state of ['crashed', 'hung', 'error'] as const)
      expect(tally(state, 'damaged', 'damaged')).toMatchObject({ faults: [{ path: 'a.jpg', state }] });
  });
});
