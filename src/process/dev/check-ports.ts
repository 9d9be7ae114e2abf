import type { Config } from '../../config.ts';
import { isPortFree } from '../../dev/free-port.ts';

/** @throws {Error} with every port that another program holds, its purpose, and the variable that changes it */
export async function checkPorts(config: Config): Promise<void> {
  const taken: string[] = [];
  for (const { port, host, purpose, variable } of neededPorts(config)) {
    if (!(await isPortFree(port, host))) {
      taken.push(
        `Port ${port}, for ${purpose}, is taken by another program. Choose another: ${variable}=${port + 1} npm run dev`,
      );
    }
  }
  if (taken.length > 0) throw new Error(taken.join('\n'));
}

function neededPorts(config: Config) {
  const host = '127.0.0.1';
  const postgres = { port: config.POSTGRES_PORT, host, purpose: 'Postgres', variable: 'POSTGRES_PORT' };
  const temporal = { port: config.TEMPORAL_PORT, host, purpose: 'Temporal', variable: 'TEMPORAL_PORT' };
  const ui = {
    port: config.TEMPORAL_UI_PORT,
    host,
    purpose: "Temporal's Web UI",
    variable: 'TEMPORAL_UI_PORT',
  };
  const s3 = { port: config.S3_PORT, host, purpose: 'the local S3 server', variable: 'S3_PORT' };
  return [
    { port: config.PORT, host: config.HOST, purpose: 'the API', variable: 'PORT' },
    ...(config.DATABASE_URL === undefined ? [postgres] : []),
    ...(config.TEMPORAL_ADDRESS === undefined ? [temporal, ui] : []),
    ...(config.S3 ? [s3] : []),
  ];
}
