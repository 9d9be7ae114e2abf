import { join, resolve } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { EXECUTION_MODES } from './domain/asset.ts';
import { isNameServer, isProxy, list, wholeNumber, wordsOf, yes } from './config-values.ts';

/**
 * Reads all settings of the programs from the environment. Every variable has a default that works on one machine.
 * `.env-example` and docs/configuration.md list them all, and tests compare them.
 */
const port = wholeNumber(1, 65_535);

const environment = z.object({
  HOST: z.string().default('127.0.0.1').describe('Address the API listens on.'),
  PORT: port.default(8000).describe('Port the API listens on.'),
  AUTH: z
    .enum(['keys', 'disabled'])
    .optional()
    .describe('`keys`, or not set: requests need an API key. `disabled`: they need none.'),
  AUTH_DISABLED_ON_PUBLIC_ADDRESS: yes
    .default(false)
    .describe('`yes`: allows AUTH=disabled on a HOST that is not loopback.'),
  DRAIN_DELAY_S: wholeNumber(0, 300)
    .default(5)
    .describe('Seconds that the API still accepts after SIGTERM, while /readyz already says no.'),
  REQUESTS_IN_FLIGHT_MAX: wholeNumber(1)
    .default(1_000)
    .describe('Requests in progress in one API process. More are answered 503.'),
  KEY_REQUESTS_PER_MINUTE: wholeNumber(1)
    .default(30_000)
    .describe('Requests that an API key may make in a minute, in one API process. More are answered 429.'),
  KEY_MIB_PER_MINUTE: wholeNumber(1)
    .default(256)
    .describe('MiB of request bodies that an API key may send in a minute, in one API process.'),
  KEY_REQUESTS_AT_ONCE: wholeNumber(1)
    .default(100)
    .describe('Requests of one API key that may be in progress at once, in one API process.'),
  BACKLOG_MAX: wholeNumber(1)
    .default(1_000_000)
    .describe('Assets that may wait for their start. Above it, new ones are answered 503.'),
  TRUST_PROXY: z
    .string()
    .default('')
    .transform(list)
    .superRefine((proxies, { addIssue }) => {
      if (proxies.some((proxy) => /^(true|yes|all|\*|\d+)$|\/0+$/i.test(proxy)))
        addIssue(
          'must not name everyone or a number of hops, because any client could then choose the address that the API sees',
        );
      else if (!proxies.every(isProxy))
        addIssue('must be a list of addresses, CIDR blocks and `loopback`, separated by commas');
    })
    .describe(
      'Proxies whose X-Forwarded-* headers are believed: addresses, CIDR blocks, `loopback`, separated by commas.',
    ),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe log lines to write.'),

  DATABASE_URL: z
    .url({
      protocol: /^postgres(ql)?$/,
      error: 'must be a URL that begins with postgres:// or postgresql://',
    })
    .optional()
    .describe('URL of Postgres. Unset: `npm run dev` embeds one.'),
  DATABASE_POOL_MAX: wholeNumber(2, 200).default(10).describe('Postgres connections of one process.'),
  DATABASE_PREPARED_STATEMENTS: z
    .enum(['on', 'off'])
    .default('on')
    .describe('`off`: for a pooler in front of Postgres that cannot keep prepared statements.'),

  TEMPORAL_ADDRESS: z.string().optional().describe('Temporal host:port. Unset: `npm run dev` embeds one.'),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('Temporal namespace.'),

  ASSET_BASE: z.string().default('.').describe('Directory that relative asset paths start from.'),
  ASSET_ROOTS: z
    .string()
    .optional()
    .describe('Directories that assets must lie in, separated by `:`. Default: <ASSET_BASE>/assets.'),

  SOURCES_FILE: z
    .string()
    .optional()
    .describe('File with the profiles of S3, Google and Azure storage (docs/sources.md).'),
  STAGING_DIR: z
    .string()
    .optional()
    .describe(
      'Directory for the bytes of remote assets until they are decoded. Default: <VALIDATR_DATA_DIR>/staging.',
    ),
  UPLOADS_DIR: z
    .string()
    .optional()
    .describe(
      'Directory for uploaded bytes, the same one for all APIs and workers. Default: <VALIDATR_DATA_DIR>/uploads, which is made.',
    ),
  UPLOAD_MAX_MIB: wholeNumber(1, 1_048_576)
    .default(2_048)
    .describe('Most MiB of one upload. A larger one is answered 413.'),
  UPLOADS_KEEP_HOURS: wholeNumber(0, 876_000)
    .default(168)
    .describe(
      'Hours until uploaded bytes are deleted, if no asset without a verdict needs them. 0: as long as their assets.',
    ),

  RETENTION_DAYS: wholeNumber(0, 36_500)
    .default(0)
    .describe('Days until an asset with a verdict is deleted, with its deliveries. 0: never.'),

  STEP_EXECUTION: z
    .enum(EXECUTION_MODES)
    .default('local')
    .describe('`regular`: the Web UI shows every step as an activity, at a third of the speed.'),
  DECODER_PROCESSES: wholeNumber(1, 64)
    .optional()
    .describe('Decoder processes of one worker. Unset: one a core, at most 4.'),
  MEASURE: z
    .enum(['needed', 'all'])
    .default('needed')
    .describe('`all`: the worker measures all of every image, so that later rules can judge it.'),
  DECODE_MAX_MEGAPIXELS: wholeNumber(1, 10_000)
    .default(200)
    .describe(
      'Most megapixels of an image, all frames together, that is decoded. Larger ones are `not_checked`.',
    ),
  WORKFLOW_BUNDLE: z
    .string()
    .optional()
    .describe('Workflow bundle that `npm run build` made. Unset: it is bundled at start.'),
  READYZ_REQUIRES_WORKER: yes
    .default(false)
    .describe('`yes`: /readyz is 200 only while a worker is alive. /startupz waits for one in any case.'),
  DISPATCHER: z.enum(['on', 'off']).default('on').describe('`off`: this process starts no workflows.'),

  EGRESS_ALLOW: z
    .string()
    .default('')
    .transform(list)
    .describe(
      'CIDR blocks, separated by commas, that webhooks and assets may reach besides public addresses.',
    ),
  DNS_SERVERS: z
    .string()
    .default('')
    .transform(list)
    .refine((servers) => servers.every(isNameServer), {
      message: 'must be a list of addresses, each with a port or without, separated by commas',
    })
    .describe('Name servers for the names in URLs of webhooks and assets. Unset: those of the system.'),
  WEBHOOK_ENDPOINTS_MAX: wholeNumber(1)
    .default(1_000)
    .describe('Endpoints of a tenant. Events for one more fail as `endpoint_limit`.'),
  WEBHOOK_EVENTS_PER_MINUTE: wholeNumber(1)
    .default(60_000)
    .describe('Webhook tries that a tenant gets from one worker in a minute. More of them wait.'),
  WEBHOOK_CHALLENGE: z
    .enum(['off', 'required'])
    .default('off')
    .describe('`required`: an endpoint gets events only after it has answered a signed challenge.'),
  SECRETS_KEY: z
    .string()
    .optional()
    .describe('Key that encrypts webhook secrets: 32 bytes in base64 (`openssl rand -base64 32`).'),
  SECRETS_KEY_FILE: z.string().optional().describe('File that holds the key, instead of SECRETS_KEY.'),

  VALIDATR_DATA_DIR: z
    .string()
    .default('.validatr')
    .describe('Data of the embedded servers of `npm run dev`.'),
  POSTGRES_PORT: port.default(5433).describe('Port of the embedded Postgres.'),
  TEMPORAL_PORT: port.default(7233).describe('Port of the embedded Temporal.'),
  TEMPORAL_UI_PORT: port.default(8233).describe("Port of the embedded Temporal's Web UI."),
  S3: yes.default(false).describe('`yes`: `npm run dev` brings a local S3 server with the samples.'),
  S3_PORT: port.default(8333).describe('Port of the local S3 server.'),
});

type Environment = z.infer<typeof environment>;
export const environmentSchema = environment;

export interface Config
  extends Omit<Environment, 'ASSET_BASE' | 'ASSET_ROOTS' | 'STAGING_DIR' | 'UPLOADS_DIR'> {
  /** Absolute. */
  readonly assetBase: string;
  /** Absolute. */
  readonly assetRoots: readonly string[];
  /** Absolute. */
  readonly stagingDir: string;
  /** Absolute. */
  readonly uploadsDir: string;
  /** Whether `uploadsDir` is the default, so that we may make it. */
  readonly ownsUploadsDir: boolean;
  /** The variables that profiles of SOURCES_FILE name. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** From `TEMPORAL_ADDRESS` and the other variables of `@temporalio/envconfig` (TLS, API key, …). */
  readonly temporal: {
    readonly namespace: string;
    readonly connectionOptions: ReturnType<typeof loadClientConnectConfig>['connectionOptions'];
  };
}

/** @throws {ConfigError} that names every wrong variable, and never a value. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // An empty variable counts as not set, because compose and .env files write it so.
  const given = Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  );
  const parsed = environment.safeParse(given, { error: wordsOf });
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => `  ${issue.path.join('.')} ${issue.message}`).join('\n'),
    );
  }
  const { ASSET_BASE, ASSET_ROOTS, STAGING_DIR, UPLOADS_DIR, ...rest } = parsed.data;
  const assetBase = resolve(ASSET_BASE);
  const assetRoots = (ASSET_ROOTS ?? 'assets')
    .split(':')
    .filter((root) => root !== '')
    .map((root) => resolve(assetBase, root));
  const stagingDir = resolve(STAGING_DIR ?? join(rest.VALIDATR_DATA_DIR, 'staging'));
  const uploadsDir = resolve(UPLOADS_DIR ?? join(rest.VALIDATR_DATA_DIR, 'uploads'));
  const ownsUploadsDir = UPLOADS_DIR === undefined;
  const { connectionOptions } = loadClientConnectConfig({ disableFile: true, overrideEnvVars: given });
  const temporal = { namespace: rest.TEMPORAL_NAMESPACE, connectionOptions };
  return {
    ...rest,
    assetBase,
    assetRoots,
    stagingDir,
    uploadsDir,
    ownsUploadsDir,
    variables: given,
    temporal,
  };
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(details: string) {
    super(
      `The configuration is not usable. Correct these environment variables (see .env-example):\n${details}`,
    );
  }
}
