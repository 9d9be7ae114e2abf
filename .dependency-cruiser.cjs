/**
 * Who may import whom (docs/architecture.md). Each folder of `src` but `bin`, `cli` and `process` keeps to `domain`; each technology has one owner.
 */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|workflows|activities)/', pathNot: allowed },
});

const owner = (technology, path) => ({
  name: `${technology.replaceAll(/\W+/g, '-')}-has-one-owner`,
  severity: 'error',
  from: { path: '^(src|workflows|activities)/', pathNot: path },
  to: { path: `node_modules/${technology}/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nothing-imports-bin',
      severity: 'error',
      from: { path: '^(src/(?!bin/)|workflows|activities)' },
      to: { path: '^src/bin/' },
    },
    {
      name: 'only-bin-imports-cli-and-process',
      severity: 'error',
      from: { path: '^(src/(?!bin/|cli/|process/)|workflows|activities)' },
      to: { path: '^src/(cli|process)/' },
    },
    {
      name: 'product-never-imports-tests',
      severity: 'error',
      from: { path: '^(src|workflows|activities)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'product-never-imports-clients',
      severity: 'error',
      from: { path: '^(src|workflows|activities)/' },
      to: { path: '^clients/' },
    },
    {
      name: 'clients-stand-alone',
      severity: 'error',
      from: { path: '^clients/' },
      to: { path: '^(src|workflows|activities|test|bench|scripts)/' },
    },
    only('domain-is-pure', '^src/domain/', '^src/domain/'),
    {
      name: 'domain-takes-zod-at-most',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { path: 'node_modules', pathNot: 'node_modules/zod/' },
    },
    only('db-keeps-to-domain', '^src/db/', '^src/(db|domain)/'),
    only('sources-keep-to-domain', '^src/sources/', '^src/(sources|domain)/'),
    only('image-keeps-to-domain', '^src/image/', '^src/(image|domain)/'),
    only('webhooks-keep-to-domain', '^src/webhooks/', '^src/(webhooks|domain)/'),
    only('temporal-keeps-to-domain', '^src/temporal/', '^(src/(temporal|domain)/|workflows/contract\\.ts)'),
    only('api-keeps-to-domain', '^src/api/', '^(src/(api|domain|telemetry)/|workflows/contract\\.ts)'),
    only('telemetry-stands-alone', '^src/telemetry/', '^src/telemetry/'),
    only('dev-stands-alone', '^src/dev/', '^src/dev/'),
    only('activities-keep-to-domain', '^activities/', '^(activities|src/domain)/'),
    {
      name: 'workflows-are-deterministic',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^(src|activities)/', pathNot: '^src/domain/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-take-temporal-only',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        path: 'node_modules',
        pathNot: 'node_modules/@temporalio/(workflow|common)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'workflows-are-known-by-contract',
      severity: 'error',
      from: { path: '^(src|activities)/', pathNot: '^src/(bin|process)/' },
      to: { path: '^workflows/', pathNot: '^workflows/contract\\.ts$' },
    },
    owner('commander', '^src/cli/'),
    owner('express', '^src/api/'),
    owner('sharp', '^src/image/'),
    owner('undici', '^src/(webhooks|sources)/'),
    owner('@mikro-orm', '^src/db/'),
    owner('kysely', '^src/db/'),
    owner('pg', '^src/(db|dev)/'),
    owner('@temporalio/client', '^src/temporal/'),
    owner('@temporalio/worker', '^src/(bin|process)/'),
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      conditionNames: ['import', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
