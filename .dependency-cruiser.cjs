/**
 * Which folder may import which (docs/architecture.md). Each technology has one owner. `scripts/check-arrows.ts` runs
 * these rules; test/unit/scripts/arrows.test.ts breaks each of them once.
 */
const CODE = '^(src|workflows|activities)/';

const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: CODE, pathNot: allowed },
});

const owner = (technology, path) => ({
  name: `${technology.replaceAll(/\W+/g, '-').replace(/^-/, '')}-has-one-owner`,
  severity: 'error',
  from: { path: CODE, pathNot: path },
  to: { path: `node_modules/${technology}/` },
});

const never = (name, from, to) => ({ name, severity: 'error', from, to });

module.exports = {
  forbidden: [
    never('no-cycles', {}, { circular: true }),

    // bin may import cli and process. These two may import everything but bin. Nothing imports bin.
    never('nothing-imports-bin', {}, { path: '^src/bin/' }),
    only('bin-holds-entries', '^src/bin/', '^src/(cli|process)/'),
    never(
      'only-bin-imports-cli-and-process',
      { path: CODE, pathNot: '^src/(bin|cli|process)/' },
      { path: '^src/(cli|process)/' },
    ),
    never('product-never-imports-tests', { path: CODE }, { path: '^(test|bench|scripts)/' }),
    never('product-never-imports-clients', { path: CODE }, { path: '^clients/' }),
    never(
      'clients-stand-alone',
      { path: '^clients/' },
      { path: '^(src|workflows|activities|test|bench|scripts)/' },
    ),

    // domain imports zod at most, and does no input or output.
    only('domain-is-pure', '^src/domain/', '^src/domain/'),
    never(
      'domain-takes-zod-at-most',
      { path: '^src/domain/' },
      { path: 'node_modules', pathNot: 'node_modules/zod/' },
    ),
    never(
      'domain-does-no-io',
      { path: '^src/domain/' },
      {
        dependencyTypes: ['core'],
        dependencyTypesNot: ['type-only'],
        pathNot: '^(node:)?(crypto|zlib|buffer)$',
      },
    ),

    // Each of these knows the domain, and none of the others. Both that call URLs of clients do it through the network.
    only('db-keeps-to-domain', '^src/db/', '^src/(db|domain)/'),
    only('network-keeps-to-domain', '^src/network/', '^src/(network|domain)/'),
    only('sources-keep-to-domain', '^src/sources/', '^src/(sources|network|domain)/'),
    only('datasets-keep-to-domain', '^src/datasets/', '^src/(datasets|domain)/'),
    only('image-keeps-to-domain', '^src/image/', '^src/(image|domain)/'),
    only('webhooks-keep-to-domain', '^src/webhooks/', '^src/(webhooks|network|domain)/'),
    only('temporal-keeps-to-domain', '^src/temporal/', '^(src/(temporal|domain)/|workflows/contract\\.ts)'),
    only('api-keeps-to-domain', '^src/api/', '^(src/(api|domain|telemetry)/|workflows/contract\\.ts)'),
    only('activities-keep-to-domain', '^activities/', '^(activities|src/domain)/'),
    only('telemetry-stands-alone', '^src/telemetry/', '^src/telemetry/'),
    only('dev-stands-alone', '^src/dev/', '^src/dev/'),
    never(
      'config-keeps-to-domain',
      { path: '^src/config(-values)?\\.ts$' },
      { path: CODE, pathNot: '^src/(domain/|config-values\\.ts$)' },
    ),

    // Workflows may import Temporal, the domain, and types of activities. Callers may import only their contract.
    only('workflows-keep-to-domain', '^workflows/', '^(workflows|activities|src/domain)/'),
    never(
      'workflows-take-types-of-activities',
      { path: '^workflows/' },
      { path: '^activities/', dependencyTypesNot: ['type-only'] },
    ),
    never(
      'workflows-take-temporal-only',
      { path: '^workflows/' },
      {
        path: 'node_modules',
        pathNot: 'node_modules/@temporalio/(workflow|common)/',
        dependencyTypesNot: ['type-only'],
      },
    ),
    never(
      'workflows-are-known-by-contract',
      { path: '^(src|activities)/' },
      { path: '^workflows/', pathNot: '^workflows/contract\\.ts$' },
    ),

    owner('commander', '^src/cli/'),
    owner('express', '^src/api/'),
    owner('sharp', '^src/image/'),
    owner('undici', '^src/(network|webhooks|sources)/'),
    owner('@mikro-orm', '^src/db/'),
    owner('kysely', '^src/db/'),
    owner('pg', '^src/(db|dev)/'),
    owner('@aws-sdk', '^src/sources/'),
    owner('@google-cloud', '^src/sources/'),
    owner('@azure', '^src/sources/'),
    owner('@temporalio/client', '^src/temporal/'),
    owner('@temporalio/worker', '^src/process/'),
    owner('pino', '^src/telemetry/'),
    owner('prom-client', '^src/telemetry/'),
    owner('@opentelemetry', '^src/telemetry/'),
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
