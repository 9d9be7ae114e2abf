import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';

/** Fewer would mean that the parser does not read TypeScript: then everything passes, and nothing is checked. */
const LEAST_MODULES = 50;

const { forbidden, options } = await extractConfig('./.dependency-cruiser.cjs');
const { output } = await cruise(
  ['src', 'workflows', 'activities', 'clients/typescript/src', 'test', 'bench', 'scripts'],
  {
    ...options,
    ruleSet: { forbidden: forbidden ?? [] },
    validate: true,
  },
);
const { summary, modules } = output as ICruiseResult;
const ours = modules.filter(({ source }) => /^(src|workflows|activities)\/.*\.ts$/.test(source));
const arrows = ours.flatMap(({ dependencies }) => dependencies);

for (const { rule, from, to } of summary.violations) process.stderr.write(`${rule.name}: ${from} → ${to}\n`);
if (ours.length < LEAST_MODULES || arrows.length < LEAST_MODULES) {
  process.stderr.write(`Only ${ours.length} modules and ${arrows.length} imports were scanned.\n`);
  process.exit(1);
}
process.stdout.write(
  `${ours.length} modules, ${arrows.length} imports, ${summary.violations.length} violations\n`,
);
process.exit(summary.violations.length === 0 ? 0 : 1);
