import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { environmentSchema } from '../../src/config.ts';
import { LOG_WITHOUT_VALUES } from '../../src/dev/embedded-postgres.ts';
import { NODE_FLAGS } from '../../src/dev/node-flags.ts';
import { DECODER_RESIDENT_BYTES, DECODERS_MAX } from '../../src/image/limits.ts';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly (string | { source: string; target: string; read_only: boolean })[];
  readonly networks: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition?: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly mem_limit?: string;
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
}

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const packageJson = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const exists = (path: string) => existsSync(new URL(`../../${path}`, import.meta.url));
const file = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
};
const services = Object.entries(file.services);
const service = (name: string): Service => {
  const found = file.services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};
const conditionsOn = (name: string) =>
  services.map(([, { depends_on: on }]) => on?.[name]?.condition).filter(Boolean);

const OURS = ['migrate', 'api', 'worker'];
const JOBS = ['database-setup', 'temporal-schema', 'temporal-namespace', 'migrate'];
/** Variables of the embedded servers, and the one that the image sets. */
const NOT_FOR_COMPOSE = new Set([
  'VALIDATR_DATA_DIR',
  'POSTGRES_PORT',
  'TEMPORAL_PORT',
  'TEMPORAL_UI_PORT',
  'S3',
  'S3_PORT',
  'WORKFLOW_BUNDLE',
  'SECRETS_KEY',
  'SECRETS_KEY_FILE',
]);

describe('docker-compose.yml', () => {
  it('publishes the API and the Temporal UI, on loopback, and nothing else', () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    expect(published).toEqual([
      ['temporal-ui', '127.0.0.1:${TEMPORAL_UI_PORT:-8233}:8080'],
      ['api', '127.0.0.1:${PORT:-8000}:8000'],
    ]);
    expect(file.networks['backend']).toEqual({ internal: true });
    expect(services.filter(([, { networks }]) => networks.includes('edge')).map(([name]) => name)).toEqual([
      'temporal-ui',
      'api',
      'worker',
    ]);
  });

  it.each(services)('pins the image of %s to a version', (_name, { image, build }) => {
    expect(image).toMatch(build === undefined ? /^[\w./-]+:\d+\.\d+[\w.-]*$/ : /^validatr:/);
  });

  it.each(services)('gives %s a memory limit, rotated logs and no new privileges', (_name, settings) => {
    expect(settings.mem_limit).toMatch(/^\d+[mg]$/);
    expect(settings.logging?.options).toMatchObject({
      'max-size': expect.any(String),
      'max-file': expect.any(String),
    });
    expect(settings.security_opt).toContain('no-new-privileges:true');
  });

  it.each(services)('states what %s waits for', (_name, { depends_on: dependencies = {} }) => {
    for (const [name, { condition }] of Object.entries(dependencies)) {
      expect(condition, name).toBe(
        JOBS.includes(name) ? 'service_completed_successfully' : 'service_healthy',
      );
    }
  });

  it.each(JOBS)('runs %s once, and lets `up --wait` take its exit for success', (name) => {
    expect(service(name).restart).toBe('no');
    // Compose knows a job by the service that waits for its completion. Without one, its exit fails `up --wait`.
    expect(conditionsOn(name)).toContain('service_completed_successfully');
  });

  it.each(services.filter(([name]) => !JOBS.includes(name)))('watches and restarts %s', (_name, settings) => {
    expect(settings.healthcheck?.test.length).toBeGreaterThan(1);
    expect(settings.healthcheck?.test.every((word) => typeof word === 'string')).toBe(true);
    expect(settings.restart).toBe('unless-stopped');
  });

  it.each(OURS)('runs %s without root, capabilities or a writable disk', (name) => {
    const { user, read_only: isReadOnly, cap_drop: dropped, command } = service(name);
    expect(user).toBe('1000:1000');
    expect(isReadOnly).toBe(true);
    expect(dropped).toEqual(['ALL']);
    const expected = ['node', ...(name in NODE_FLAGS ? NODE_FLAGS[name as 'api'] : []), `src/bin/${name}.ts`];
    expect(command).toEqual(expected);
    expect(packageJson.scripts[name]).toBe(`exec ${expected.join(' ')}`);
    expect(exists(`src/bin/${name}.ts`)).toBe(true);
  });

  it('gives the API time to leave the rotation, and then 30 s to the API and the worker for work under way', () => {
    const graceS = (name: string) => Number.parseInt(service(name).stop_grace_period ?? '', 10);
    expect(graceS('api')).toBeGreaterThanOrEqual(environmentSchema.parse({}).DRAIN_DELAY_S + 30);
    expect(graceS('worker')).toBeGreaterThanOrEqual(30);
  });

  it('gives the worker the memory that all of its decoders may use at once', () => {
    const neededMiB = 700 + (DECODERS_MAX * DECODER_RESIDENT_BYTES) / 2 ** 20;
    expect(Number.parseInt(service('worker').mem_limit ?? '', 10) * 1024).toBeGreaterThanOrEqual(neededMiB);
  });

  it('keeps the values of statements out of the log of Postgres', () => {
    for (const setting of LOG_WITHOUT_VALUES) expect(service('postgres').command).toContain(`--${setting}`);
  });

  it('hands every variable of the configuration to the API', () => {
    const variables = Object.keys(environmentSchema.shape).filter((name) => !NOT_FOR_COMPOSE.has(name));
    expect(Object.keys(service('api').environment ?? {}).sort()).toEqual(variables.sort());
  });

  it('gives API and worker the same database, Temporal and assets', () => {
    const { SECRETS_KEY: key, ...shared } = service('worker').environment ?? {};
    expect(service('api').environment).toMatchObject(shared);
    // The API only accepts assets, so it must not read the secrets of webhooks.
    expect([key, service('api').environment?.['SECRETS_KEY']]).toEqual([expect.any(String), undefined]);
    expect(service('api').volumes).toEqual(service('worker').volumes);
  });

  it('mounts the assets read-only, at /app/assets and at their path on the host, both asset roots', () => {
    const mounts = (service('worker').volumes ?? []).filter((mount) => typeof mount !== 'string');
    expect(mounts.map(({ read_only: isReadOnly }) => isReadOnly)).toEqual([true, true]);
    expect(service('worker').environment?.['ASSET_ROOTS']).toBe(mounts.map(({ target }) => target).join(':'));
  });

  it('keeps the superuser and the other database users from our processes', () => {
    for (const name of OURS)
      expect(JSON.stringify(service(name))).not.toMatch(/\$\{(POSTGRES|TEMPORAL_DB)_PASSWORD/);
  });

  it('runs set-up scripts that exist', () => {
    const scripts = services.flatMap(([, { entrypoint }]) => entrypoint?.slice(1) ?? []);
    expect(scripts).toHaveLength(3);
    for (const script of scripts) expect(exists(script.slice(1)), script).toBe(true);
  });
});

describe('temporal-config', () => {
  it('sizes the server for one busy host', () => {
    const settings = parse(read('temporal-config/dynamic-config.yaml')) as Record<
      string,
      { value: number }[]
    >;
    const value = (name: string) => settings[name]?.[0]?.value;
    expect(value('matching.numTaskqueueReadPartitions')).toBe(1);
    expect(value('matching.numTaskqueueWritePartitions')).toBe(1);
    for (const limit of ['matching.rps', 'frontend.rps', 'frontend.namespaceRPS']) {
      expect(value(limit), limit).toBeGreaterThan(2_400);
    }
    expect(Number(service('temporal').environment?.['NUM_HISTORY_SHARDS'])).toBeGreaterThanOrEqual(64);
    expect(service('temporal').environment?.['DYNAMIC_CONFIG_FILE_PATH']).toBe(
      '/temporal-config/dynamic-config.yaml',
    );
  });

  it('defines the search attributes as flat text that the set-up script can split', () => {
    const text = read('temporal-config/search-attributes.json');
    expect(JSON.parse(text)).toEqual({ ValidatrState: 'Keyword', ValidatrVerdict: 'Keyword' });
    expect(text).toMatch(/^\{( "\w+": "\w+",?)+ \}\n$/);
  });
});

describe('Dockerfile', () => {
  const instructions = read('Dockerfile').replace(/\\\n/g, ' ').split('\n');

  it('starts from one pinned Node 24 and ends as a user that is not root', () => {
    const bases = instructions.filter((line) => /^FROM \S+:/.test(line)).map((line) => line.split(' ')[1]);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(/^node:24\.\d+\.\d+-bookworm-slim$/);
    expect(instructions.filter((line) => line.startsWith('USER '))).toEqual(['USER 1000:1000']);
  });

  it('copies only what exists, and secrets never', () => {
    const sources = instructions
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from=') && !line.includes(' . .'))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(sources.filter((source) => !exists(source))).toEqual([]);
    expect(read('.dockerignore').split('\n')).toEqual(
      expect.arrayContaining(['.env*', 'node_modules', '.git']),
    );
  });
});
