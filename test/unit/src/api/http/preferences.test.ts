import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import { readPreferences } from '../../../../../src/api/http/preferences.ts';
import { expectProcessorTimeWithin, processorMs } from '../../../../support/machine-pace.ts';

const read = (prefer: string | undefined, mayWait = true) =>
  readPreferences({ get: () => prefer } as unknown as Request, { mayWait });

describe('Prefer', () => {
  it.each([
    [undefined, false, null, null],
    ['', false, null, null],
    ['respond-async', false, null, null],
    ['wait=5', false, 5, 'wait=5'],
    ['handling=strict', true, null, 'handling=strict'],
    ['handling=strict, wait=5', true, 5, 'handling=strict, wait=5'],
    ['wait=5,handling=strict', true, 5, 'handling=strict, wait=5'],
    ['Wait = "5" , HANDLING="Strict"', true, 5, 'handling=strict, wait=5'],
    ['respond-async, , wait=100;x="a, handling=strict"; y', false, 30, 'wait=30'],
    ['handling="s\\trict"', true, null, 'handling=strict'],
    ['foo="wait=5, handling=strict"', false, null, null],
    ['foo; wait=5', false, null, null],
    // If a preference is given twice, the first counts.
    ['handling=lenient, handling=strict, wait=1, wait=2', false, 1, 'wait=1'],
    ['wait=-1', false, null, null],
    ['wait=1.5', false, null, null],
    ['wait=soon, handling', false, null, null],
    ['handling=strict strict', false, null, null],
    // An unreadable preference does not affect the others.
    ['"x", =5, wait=5', false, 5, 'wait=5'],
    ['wait="5', false, null, null],
  ])('%j is read as RFC 7240 says', (prefer, isStrict, waitS, applied) => {
    expect(read(prefer)).toEqual({ isStrict, waitS, applied });
  });

  it.each(['"'.repeat(16_000), '"\\'.repeat(8_000), ','.repeat(16_000), `a${' '.repeat(16_000)}=`])(
    'takes little time to read, whatever it holds (%#)',
    (prefer) => {
      const begin = processorMs();
      read(prefer);
      expectProcessorTimeWithin(processorMs() - begin, 50);
    },
  );

  it('ignores the wish to wait of a key that may not read the verdict', () => {
    expect(read('handling=strict, wait=5', false)).toEqual({
      isStrict: true,
      waitS: null,
      applied: 'handling=strict',
    });
  });
});
