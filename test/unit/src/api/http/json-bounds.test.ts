import { describe, expect, it } from 'vitest';
import { checkBounds } from '../../../../../src/api/http/json-bounds.ts';
import { AppError, type FieldFault } from '../../../../../src/domain/errors.ts';

function faultOf(json: string): FieldFault | null {
  try {
    checkBounds(JSON.parse(json));
    return null;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'invalid_request') throw error;
    return error.faults[0] ?? null;
  }
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const array = (length: number) => JSON.stringify(Array.from({ length }, () => 0));
const members = (count: number, prefix = 'k') =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, index) => [prefix + index, 0])));

describe('the bounds of JSON', () => {
  it.each([
    'null',
    '1',
    '"x"',
    '{}',
    '[]',
    nested(32),
    array(1_000),
    members(1_000),
    `[${array(1_000)},${nested(31)}]`,
  ])('accept JSON within them (%#)', (json) => {
    expect(faultOf(json)).toBeNull();
  });

  it.each([
    ['too deep', nested(33), '/0'.repeat(32), 'too_deep'],
    ['too many elements', array(1_001), '', 'too_big'],
    ['too many members', members(1_001), '', 'too_big'],
    ['too many somewhere inside', `{"a/b":[0,${members(1_001)}]}`, '/a~1b/1', 'too_big'],
  ])('name the place that is %s', (_what, json, pointer, code) => {
    expect(faultOf(json)).toMatchObject({ pointer, code });
  });

  it('are checked without recursion, however deep the body is', () => {
    expect(faultOf(nested(500_000))).toMatchObject({ code: 'too_deep' });
  });

  it('keep the pointer short, however long the names are', () => {
    const key = JSON.stringify('x'.repeat(10_000));
    const deep = `{${key}:`.repeat(40) + '1' + '}'.repeat(40);
    expect(faultOf(deep)?.pointer.length).toBeLessThan(250);
  });
});
