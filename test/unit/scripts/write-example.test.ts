import { describe, expect, it } from 'vitest';
import { writeExample } from '../../../scripts/write-example.ts';

const WRITTEN = '![A cat.](images/checks/alpha.png)\n\n*✓ no alpha · ✗ alpha*';

describe('the example of a check in docs/checks.md', () => {
  it('replaces the line of its picture, and the values below it', () => {
    const page = 'before\n\n![](images/checks/alpha.png)\n\nafter\n';
    const written = writeExample(page, 'alpha', WRITTEN);
    expect(written).toBe(`before\n\n${WRITTEN}\n\nafter\n`);
    expect(writeExample(written, 'alpha', WRITTEN)).toBe(written);
  });

  it('is refused if the page has no line for its picture', () => {
    expect(() => writeExample('![](images/checks/dark.png)\n', 'alpha', WRITTEN)).toThrow(
      'docs/checks.md has no line ![](images/checks/alpha.png)',
    );
  });
});
