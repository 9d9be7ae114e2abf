import type { Measure, Measures } from '../../domain/measures.ts';
export function measurePixels(_p: unknown, _w: readonly Measure[]): Measures {
  return {};
}
