import { createApp } from '../api/app.ts';
import { createAuthentication, everybody } from '../api/http/auth.ts';
import { createQuotas } from '../api/http/quotas.ts';
import { drain } from '../api/http/drain.ts';
import { createHttpServer } from '../api/http/http-server.ts';
import { readConfig } from '../config.ts';
import { createPreflight } from '../api/assets/preflight.ts';
import { createTraffic } from '../api/http/traffic.ts';
import { createAssetStore } from '../db/assets/asset-store.ts';
import { createBacklog } from '../db/assets/backlog.ts';
import { createDeliveryLog } from '../db/deliveries/delivery-log.ts';
import { createDispatchQueue } from '../db/assets/dispatch-queue.ts';
import { findDurabilityFault } from '../db/durability.ts';
import { createKeyDirectory } from '../db/keys/key-directory.ts';
import { createKeyStore } from '../db/keys/key-store.ts';
import { openDatabase } from '../db/orm.ts';
import { isMigrated } from '../db/migrate.ts';
import { createPolicyStore } from '../db/policies/policy-store.ts';
import { createVerdictArchive } from '../db/assets/verdict-archive.ts';
import { connectWake } from '../db/wake.ts';
import type { DispatchQueue } from '../domain/ports/dispatch.ts';
import type { OnVerdict } from '../domain/ports/validations.ts';
import { createLogger } from '../telemetry/logger.ts';
import { CALL_DEADLINE_MS, connectLazily } from '../temporal/client.ts';
import { startDispatcher } from '../temporal/dispatcher.ts';
import { createExecutions } from '../temporal/executions.ts';
import { findTemporalTrouble } from '../temporal/namespace.ts';
import { temporalAddress } from '../temporal/trouble.ts';
import { createRootsLook } from '../sources/roots.ts';
import { createDisk } from '../sources/uploads/disk.ts';
import { createResumableUploads } from '../sources/uploads/resumable-store.ts';
import { createUploadStore } from '../sources/uploads/upload-store.ts';
import { createHostCheck } from '../webhooks/host-check.ts';
import { createLookup } from '../network/names/lookup.ts';
import { UPLOAD_PLACES } from './file-threads.ts';
import { openSources } from './open-sources.ts';
import { openUploads } from './open-uploads.ts';
import { endInTime, endProcess } from './end-process.ts';
import {
  CannotRun,
  checkAuthSetting,
  onStopSignal,
  requireAddressGuard,
  requireDatabaseUrl,
  requireRoots,
} from './program.ts';
import { endService } from './service.ts';
import { waitForDatabase } from './wait-for-database.ts';
import { sayWhetherTemporalAnswers } from './wait-for-temporal.ts';

/**
 * How many connections may wait to be accepted. With Node's 511, clients in a burst of new ones wait a second for their next
 * try. The system may allow fewer (net.core.somaxconn).
 */
const LISTEN_BACKLOG = 4_096;

const DURABILITY_CHECK_MS = 5_000;

/** Shorter than `/startupz` waits, so its answer names the reason. */
const READINESS_DEADLINE_MS = 1_000;

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

const MAKE_A_KEY = 'npm run cli -- keys create';

export async function runApi(): Promise<void> {
  const config = readConfig();
  checkAuthSetting(config);
  const logger = createLogger(config.LOG_LEVEL, 'api');
  const url = requireDatabaseUrl(config);
  const isAllowed = requireAddressGuard(config, logger);
  const roots = await requireRoots(config, logger);
  const uploads = await openUploads(config, logger, { writes: true });
  const lookup = createLookup({ servers: config.DNS_SERVERS });
  const sources = await openSources(config, { roots, uploads, isAllowed, lookup, logger });
  const database = { url, preparedStatements: config.DATABASE_PREPARED_STATEMENTS };
  const orm = await openDatabase({ ...database, poolMax: config.DATABASE_POOL_MAX, sees: 'tenant' });
  // A pool of its own, because a flood of unknown keys must not keep workflows from being started.
  const keysOrm = await openDatabase({ ...database, poolMax: 2 });
  const directory = createKeyDirectory(keysOrm);
  const dispatchOrm = await openDatabase({ ...database, poolMax: 2 });
  const client = connectLazily(config.temporal.connectionOptions, config.temporal.namespace);
  const onVerdict: OnVerdict = (verdict) => logger.info(verdict, 'verdict');
  const queue = createDispatchQueue(dispatchOrm, onVerdict);
  const executions = createExecutions(client);
  const backlog = createBacklog(dispatchOrm, {
    max: config.BACKLOG_MAX,
    onError: (err) => logger.warn({ err }, 'the backlog could not be counted'),
  });

  // The API serves without Postgres. It accepts nothing before it has checked that Postgres keeps what it acknowledges.
  let isDatabaseUsable = false;
  waitForDatabase({ url, orm: dispatchOrm, logger }).then(
    () => {
      isDatabaseUsable = true;
      logger.info('Postgres is usable');
      watchDurability();
      if (config.AUTH !== 'disabled') void sayIfThereIsNoKey();
    },
    (error: unknown) => endService('api', error),
  );
  void sayWhetherTemporalAnswers({
    findTrouble: () => findTemporalTrouble(client, CALL_DEADLINE_MS),
    address: temporalAddress(config.temporal.connectionOptions),
    namespace: config.temporal.namespace,
    logger,
  });
  /** Postgres may get other settings while this process runs. */
  function watchDurability(): void {
    setInterval(() => {
      findDurabilityFault(dispatchOrm).then(
        (fault) => {
          if (fault !== null) endService('api', new CannotRun(fault));
        },
        // Postgres is away. Requests get that as their answer.
        () => undefined,
      );
    }, DURABILITY_CHECK_MS).unref();
  }
  async function sayIfThereIsNoKey(): Promise<void> {
    const hasKey = await directory.hasActive().catch(() => true);
    if (!hasKey) logger.warn(`no API key exists, so nobody can use the API yet. Make one: ${MAKE_A_KEY}`);
  }
  const refusal = () => {
    if (!isDatabaseUsable) return 'database_unavailable';
    return backlog.isFull() ? 'backlog_full' : null;
  };

  // Workers start workflows (eagerly); this dispatcher takes over while none is alive.
  const dispatcher =
    config.DISPATCHER === 'off'
      ? null
      : startDispatcher({
          // Nobody sends while no worker is alive. Deliveries wait in Postgres, because tenants take turns there.
          queue: { ...queue, overdueDeliveries: () => Promise.resolve([]) },
          client,
          stepExecution: config.STEP_EXECUTION,
          eager: false,
          mayStart: async () => isDatabaseUsable && (await queue.mayStartWithoutWorker()),
          turns: null,
          onError: (err, doing, id) => logger.warn({ err, id }, `dispatcher: ${doing}`),
        });
  const wake = connectWake(url, () => dispatcher?.wake());

  const uploadOptions = {
    dir: uploads,
    disk: createDisk({ places: UPLOAD_PLACES }),
    maxBytes: config.UPLOAD_MAX_MIB * MIB,
  };
  const traffic = createTraffic({ inFlightMax: config.REQUESTS_IN_FLIGHT_MAX });
  const quotaLimits = {
    requestsPerMinute: config.KEY_REQUESTS_PER_MINUTE,
    bytesPerMinute: config.KEY_MIB_PER_MINUTE * MIB,
    atOnce: config.KEY_REQUESTS_AT_ONCE,
    inFlightMax: config.REQUESTS_IN_FLIGHT_MAX,
  };
  const app = createApp({
    logger,
    assets: createAssetStore(orm, wake.notify, onVerdict),
    policies: createPolicyStore(orm),
    verdicts: createVerdictArchive(orm),
    deliveryLog: createDeliveryLog(orm, wake.notify),
    executions,
    preflight: createPreflight({
      source: sources.source,
      judgeHost: createHostCheck({ isAllowed, lookup }),
    }),
    refusal,
    readiness: [
      {
        name: 'postgres',
        isNeededToServe: true,
        findTrouble: async () =>
          isDatabaseUsable && (await isMigrated(dispatchOrm))
            ? null
            : 'it does not answer, or lacks the newest schema',
      },
      {
        name: 'temporal',
        isNeededToServe: false,
        findTrouble: () => findTemporalTrouble(client, READINESS_DEADLINE_MS),
      },
      {
        name: 'worker',
        isNeededToServe: config.READYZ_REQUIRES_WORKER,
        findTrouble: () => findWorkerTrouble(queue),
      },
      { name: 'storage', isNeededToServe: false, findTrouble: createRootsLook(roots) },
    ],
    traffic,
    authenticate:
      config.AUTH === 'disabled'
        ? everybody
        : createAuthentication({
            directory,
            onError: (err) => logger.warn({ err }, 'the last use of a key could not be written'),
          }),
    uploads: createUploadStore(uploadOptions),
    resumableUploads: createResumableUploads({
      ...uploadOptions,
      keepMs: config.UPLOADS_KEEP_HOURS * HOUR_MS,
    }),
    quotas: createQuotas(quotaLimits),
    quotaLimits,
    keys: createKeyStore(orm),
    trustedProxies: config.TRUST_PROXY,
  });

  const server = createHttpServer(app).on('connection', traffic.connected);
  server.once('error', (error: NodeJS.ErrnoException) => {
    const hint = error.code === 'EADDRINUSE' ? ' Another program listens there: choose another PORT.' : '';
    const what = `can't listen on ${config.HOST}:${config.PORT} (${error.code}).${hint}`;
    endService('api', new CannotRun(what));
  });
  const { HOST: host, PORT: port } = config;
  server.listen({ host, port, backlog: LISTEN_BACKLOG }, () => logger.info({ host, port }, 'listening'));

  onStopSignal((signal) => {
    const { DRAIN_DELAY_S: delayS } = config;
    logger.info({ signal, delayS }, 'draining');
    setTimeout(endInTime, delayS * 1_000);
    drain({ server, traffic, delayMs: delayS * 1_000 }).then(stop, (error: unknown) =>
      endService('api', error),
    );
  });

  async function stop(wasQuiet: boolean): Promise<void> {
    if (!wasQuiet && config.DRAIN_DELAY_S > 0)
      logger.warn('requests came until listening stopped: give the load balancer a longer DRAIN_DELAY_S');
    await dispatcher?.stop();
    await wake.stop();
    await Promise.all([orm.close(), keysOrm.close(), dispatchOrm.close(), sources.close()]);
    logger.info('stopped');
    // The connection to Temporal ends with the process. If it was closed before, a call that is tried again would throw.
    endProcess(0);
  }
}

async function findWorkerTrouble(queue: DispatchQueue): Promise<string | null> {
  const isAlive = await queue.hasLiveWorker().catch(() => null);
  if (isAlive === null) return 'Postgres does not say whether one is alive';
  return isAlive ? null : 'no worker is alive';
}
