import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult, type IModule } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';

const CONFIG = fileURLToPath(new URL('../.dependency-cruiser.cjs', import.meta.url));

/** Fewer would mean that the parser does not read TypeScript: then everything passes, and nothing is checked. */
const LEAST_MODULES = 50;

/** What the bundle of the workflows must not hold, because it would be parsed for every sandbox, or is not deterministic. */
const NOT_IN_WORKFLOWS = /^node_modules\/(?!@temporalio\/(workflow|common)\/)|^(node:)?(?!.*[/.])\w+$/;

export interface ArrowsReport {
  /** One line each. */
  readonly violations: readonly string[];
  readonly modules: number;
  readonly imports: number;
}

/** Reads every import below these folders of the working directory and holds it against .dependency-cruiser.cjs. */
export async function checkArrows(folders: readonly string[]): Promise<ArrowsReport> {
  const { forbidden, options } = await extractConfig(CONFIG);
  const { output } = await cruise([...folders], {
    ...options,
    ruleSet: { forbidden: forbidden ?? [] },
    validate: true,
  });
  const { summary, modules } = output as ICruiseResult;
  const ours = modules.filter(({ source }) => /^(src|workflows|activities)\/.*\.ts$/.test(source));
  const imports = ours.flatMap(({ dependencies }) => dependencies);
  const violations = [
    ...summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
    ...findLoadedByWorkflows(modules),
  ];
  if (ours.length < LEAST_MODULES || imports.length < LEAST_MODULES)
    violations.push(`Only ${ours.length} modules and ${imports.length} imports were scanned.`);
  return { violations, modules: ours.length, imports: imports.length };
}

/** Follows what workflows load at run time, through the domain as well. Imports of types load nothing. */
function findLoadedByWorkflows(modules: readonly IModule[]): string[] {
  const bySource = new Map(modules.map((module) => [module.source, module]));
  const loaded = new Set(
    modules.map(({ source }) => source).filter((source) => source.startsWith('workflows/')),
  );
  const found: string[] = [];
  // A set yields what is added while it is walked.
  for (const source of loaded) {
    if (source.includes('node_modules')) continue;
    for (const { resolved, dependencyTypes } of bySource.get(source)?.dependencies ?? []) {
      if (dependencyTypes.includes('type-only')) continue;
      if (NOT_IN_WORKFLOWS.test(resolved)) found.push(`workflows-load-pure-code: ${source} → ${resolved}`);
      else loaded.add(resolved);
    }
  }
  return found;
}
