import { join } from 'node:path';
import type { Config } from '../../config.ts';
import { authDefault } from './environment.ts';

/** The last lines of the start: addresses, and one curl that works. */
export function welcome(
  baseUrl: string,
  cliPath: string | null,
  config: Config,
  s3: { bucket: string; endpoint: string } | null,
): string {
  const ui =
    config.TEMPORAL_ADDRESS === undefined
      ? `http://127.0.0.1:${config.TEMPORAL_UI_PORT}`
      : 'that of your own Temporal server';
  const needsKey = { ...config, ...authDefault(config) }.AUTH !== 'disabled';
  const makeKey = needsKey
    ? '\n  Requests need an API key. Make one in another terminal: npm run cli -- keys create\n'
    : '';
  const authorization = needsKey ? ` -H 'authorization: Bearer <key>'` : '';
  const s3Line = s3 === null ? '' : `\n  S3               ${s3.endpoint}, bucket ${s3.bucket}`;
  const local = { location: 'local', path: './assets/rocket.jpg' };
  const paths = s3 === null ? [local] : [local, { location: 's3', bucket: s3.bucket, key: 'rocket.jpg' }];
  const curls = paths.map(
    (assetPath) => `
  curl ${baseUrl}/assets/image/${authorization} -H 'content-type: application/json' \\
    -d '${JSON.stringify({ assetPath })}'`,
  );
  return `
Validatr is ready.

  API              ${baseUrl}
  its reference    ${baseUrl}/docs
  Temporal Web UI  ${ui}${temporalCliLine(cliPath, config)}${postgresLine(config)}${s3Line}
${makeKey}${curls.join('')}

Ctrl-C stops everything. The data stay in ${config.VALIDATR_DATA_DIR}/.`;
}

function temporalCliLine(cliPath: string | null, { TEMPORAL_PORT, TEMPORAL_NAMESPACE }: Config): string {
  if (cliPath === null) return '';
  const namespace = TEMPORAL_NAMESPACE === 'default' ? '' : ` --namespace ${TEMPORAL_NAMESPACE}`;
  const address = TEMPORAL_PORT === 7233 ? '' : ` --address 127.0.0.1:${TEMPORAL_PORT}`;
  return `\n  Temporal CLI     ${cliPath}${address}${namespace}`;
}

function postgresLine({ DATABASE_URL, POSTGRES_PORT, VALIDATR_DATA_DIR }: Config): string {
  if (DATABASE_URL !== undefined) return '';
  const file = join(VALIDATR_DATA_DIR, 'stack.json');
  return `\n  Postgres         postgres://validatr@127.0.0.1:${POSTGRES_PORT}/validatr (with its password: DATABASE_URL in ${file})`;
}
