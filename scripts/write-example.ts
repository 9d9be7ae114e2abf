import type { RuleName } from '../src/domain/checks/index.ts';

/** Writes a check's picture and the values below it into docs/checks.md, in place of the line that shows the picture. */
export function writeExample(page: string, rule: RuleName, described: string): string {
  const shown = new RegExp(`!\\[.*\\]\\(images/checks/${rule}\\.png\\)(?:\\n\\n\\*✓.*)?`);
  if (!shown.test(page)) throw new Error(`docs/checks.md has no line ![](images/checks/${rule}.png)`);
  return page.replace(shown, () => described);
}
