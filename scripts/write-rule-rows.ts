import { z } from 'zod';
import { CHECKS, RULE_NAMES, type RuleName } from '../src/domain/checks/index.ts';

const HEAD = '| rule | step | settings (default) | fails with |\n|---|---|---|---|\n';

/** Writes the table of rules in docs/policies.md: a row for each check, in the order of reports. Texts about settings stay. */
export function writeRuleRows(page: string): string {
  const [before = '', after = ''] = page.split(HEAD);
  const end = after.search(/^(?!\|)/m);
  const rows = after.slice(0, end).split('\n');
  const settingsOf = (rule: RuleName) =>
    rows
      .find((row) => row.startsWith(`| \`${rule}\` |`))
      ?.split('|')[3]
      ?.trim() ?? describeSettings(rule);
  const written = RULE_NAMES.map((rule) => {
    const settings = settingsOf(rule);
    return `| \`${rule}\` | \`${CHECKS[rule].name}\` |${settings === '' ? '' : ` ${settings}`} | \`${CHECKS[rule].code}\` |\n`;
  });
  return `${before}${HEAD}${written.join('')}${after.slice(end)}`;
}

function describeSettings(rule: RuleName): string {
  const settings: z.ZodRawShape = CHECKS[rule].settings;
  return Object.entries(settings)
    .map(([name, setting]) => `\`${name}\`${describeDefault(z.safeParse(setting, undefined))}`)
    .join(', ');
}

function describeDefault({ success, data }: { success: boolean; data?: unknown }): string {
  if (!success) return '';
  if (data === undefined) return ' (none)';
  return typeof data === 'string' ? ` (\`${data}\`)` : ` (${JSON.stringify(data)})`;
}
