import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult, type IModule } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';

const CONFIG = fileURLToPath(new URL('../.dependency-cruiser.cjs', import.meta.url));

/** With fewer modules, the parser has not read TypeScript. Then every rule passes and nothing is checked. */
const LEAST_MODULES = 50;

/** Modules that the workflow bundle must not hold, because every sandbox would parse them, or they are not deterministic. */
const NOT_IN_WORKFLOWS = /^node_modules\/(?!@temporalio\/(workflow|common)\/)|^(node:)?(?!.*[/.])\w+$/;

export interface ArrowsReport {
  /** One line each. */
  readonly violations: readonly string[];
  readonly modules: number;
  readonly imports: number;
}

/** Checks every import below these folders of the working directory by the rules of .dependency-cruiser.cjs. */
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

/** Finds modules that workflows load at run time, also through the domain. Imports of types load nothing. */
function findLoadedByWorkflows(modules: readonly IModule[]): string[] {
  const bySource = new Map(modules.map((module) => [module.source, module]));
  const loaded = new Set(
    modules.map(({ source }) => source).filter((source) => source.startsWith('workflows/')),
  );
  const found: string[] = [];
  // A set also yields what is added during the walk.
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
