import { describe, expect, it } from 'vitest';
import { createTurns, type Turn } from '../../../../../src/image/decoder/turns.ts';
import { SLOW_FOR_MS } from '../../../../../src/image/limits.ts';

/** Two decoders on a clock of the test. `turns` has those that began, in order. */
function openTurns() {
  let nowMs = 1_000;
  const { join, serveNext } = createTurns({ processes: 2, now: () => nowMs });
  let free = 2;
  const began: { readonly tenant: string; readonly turn: Turn }[] = [];
  const serve = () => {
    while (free > 0 && serveNext()) free -= 1;
  };
  return {
    began,
    come(tenant: string) {
      join(tenant, (turn) => began.push({ tenant, turn }));
      serve();
    },
    end(index: number, tookMs: number) {
      nowMs += tookMs;
      began[index]?.turn.end(tookMs);
      free += 1;
      serve();
    },
    pass: (ms: number) => (nowMs += ms),
    tenants: () => began.map(({ tenant }) => tenant),
  };
}

describe('large images of a tenant', () => {
  it('leave a decoder to others as soon as the first of them begins', () => {
    const { began, come, end, tenants } = openTurns();
    come('small');
    end(0, 10);
    come('large');
    began[1]?.turn.isLarge();
    come('large');
    expect(tenants()).toEqual(['small', 'large']);
    come('small');
    expect(tenants()).toEqual(['small', 'large', 'small']);
  });

  it('leave it for as long as they take, even if that is longer than a tenant stays slow', () => {
    const { began, come, end, pass, tenants } = openTurns();
    come('small');
    end(0, 10);
    come('large');
    began[1]?.turn.isLarge();
    pass(2 * SLOW_FOR_MS);
    come('small');
    end(2, 10);
    come('large');
    expect(tenants()).toEqual(['small', 'large', 'small']);
    end(1, 100);
    expect(tenants()).toEqual(['small', 'large', 'small', 'large']);
  });

  it('get all decoders if nobody else is there', () => {
    const { began, come, tenants } = openTurns();
    come('large');
    began[0]?.turn.isLarge();
    come('large');
    expect(tenants()).toEqual(['large', 'large']);
  });

  it('cost another tenant one image at most: 20 of 5 s each, and its small ones end within 10 ms each', () => {
    const { began, come, end, tenants } = openTurns();
    come('small');
    end(0, 10);
    for (let image = 0; image < 20; image += 1) {
      come('large');
      began.findLast(({ tenant }) => tenant === 'large')?.turn.isLarge();
    }
    for (let image = 0; image < 50; image += 1) {
      come('small');
      expect(tenants().at(-1)).toBe('small');
      end(began.length - 1, 10);
    }
    expect(tenants().filter((tenant) => tenant === 'large')).toHaveLength(1);
  });
});
