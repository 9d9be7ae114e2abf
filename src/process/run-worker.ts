import { hostname, setPriority } from 'node:os';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../../activities/index.ts';
import { ACTIVITY_SLOTS } from '../../activities/slots.ts';
import { subjectOf, TASK_QUEUE, WEBHOOK_TASK_QUEUE } from '../../workflows/contract.ts';
import { type Config, readConfig } from '../config.ts';
import { createDeliveryStore } from '../db/deliveries/delivery-store.ts';
import { createDispatchQueue } from '../db/assets/dispatch-queue.ts';
import { createFingerprintStore } from '../db/fingerprints/fingerprint-store.ts';
import { openDatabase } from '../db/orm.ts';
import { createExpiredRows } from '../db/assets/expired-rows.ts';
import { createRepairStore } from '../db/assets/repair-store.ts';
import { createValidationStore } from '../db/assets/validation-store.ts';
import { connectWake } from '../db/wake.ts';
import type { OnVerdict } from '../domain/ports/validations.ts';
import { createDecoderPool } from '../image/decoder/pool.ts';
import { measureAll } from '../image/measure-all.ts';
import { createRetention } from '../domain/retention.ts';
import { createDisk } from '../sources/uploads/disk.ts';
import { createExpiredUploads } from '../sources/uploads/expired-uploads.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { createClient } from '../temporal/client.ts';
import { type Dispatcher, startDispatcher } from '../temporal/dispatcher.ts';
import { createExecutions } from '../temporal/executions.ts';
import { createReconcile } from '../temporal/reconcile.ts';
import { prepareNamespace } from '../temporal/setup.ts';
import { connectTrouble, temporalAddress } from '../temporal/trouble.ts';
import { watchNamespace } from '../temporal/watch-namespace.ts';
import { spellPath } from '../sources/local.ts';
import { createLookup } from '../network/names/lookup.ts';
import { createWebhookSender } from '../webhooks/send.ts';
import { TRY_SLOTS } from '../webhooks/tenant-pace.ts';
import { endInTime, endProcess } from './end-process.ts';
import { installRuntime } from './install-runtime.ts';
import { openSources } from './open-sources.ts';
import { openUploads } from './open-uploads.ts';
import {
  onStopSignal,
  requireAddressGuard,
  requireDatabaseUrl,
  requireRoots,
  requireSecretBox,
} from './program.ts';
import { waitUntilUsable } from './wait.ts';
import { waitForDatabase } from './wait-for-database.ts';
import { bundleApart } from './workflow-bundle.ts';

/** A hanging receiver holds a slot while its local try lasts. With fewer than 200, such receivers can take all slots. */
const WORKFLOW_TASK_SLOTS = 200;
const CACHED_WORKFLOWS = 4 * WORKFLOW_TASK_SLOTS;

/** Activities under way at SIGTERM have this time to finish. */
const SHUTDOWN_GRACE = '25 s';

/** On a machine shared with an API, answering a client is more urgent than validating. */
const NICENESS = 5;

const SIGN_IN_EVERY_MS = 1_000;

/** Retention looks at uploads beside all other work. */
const SWEEP_PLACES = 2;

export async function runWorker(): Promise<void> {
  // First, because threads inherit it when they are made.
  setPriority(NICENESS);
  const config = readConfig();
  const logger = createLogger(config.LOG_LEVEL, 'worker');
  const url = requireDatabaseUrl(config);
  const secretBox = requireSecretBox(config);
  const isAllowed = requireAddressGuard(config, logger);
  const roots = await requireRoots(config, logger);
  const uploads = await openUploads(config, logger, { writes: false });
  const lookup = createLookup({ servers: config.DNS_SERVERS });
  const sources = await openSources(config, { roots, uploads, isAllowed, lookup, logger });
  const workerId = `${hostname()}:${process.pid}`;
  installRuntime(logger);

  let stopping = false;
  let stop = (): void => endProcess(0);
  onStopSignal((signal) => {
    stopping = true;
    endInTime();
    logger.info({ signal }, 'stopping');
    stop();
  });

  const database = { url, preparedStatements: config.DATABASE_PREPARED_STATEMENTS };
  const orm = await openDatabase({ ...database, poolMax: config.DATABASE_POOL_MAX });
  const dispatchOrm = await openDatabase({ ...database, poolMax: 3 });
  const [connection] = await Promise.all([
    connectWithPatience(config, logger),
    waitForDatabase({ url, orm: dispatchOrm, logger }),
  ]);
  const client = createClient(connection, config.temporal.namespace);
  const onVerdict: OnVerdict = (verdict) => logger.info(verdict, 'verdict');
  const queue = createDispatchQueue(dispatchOrm, onVerdict);
  // Other processes may wake us before our dispatcher exists.
  let dispatcher: Dispatcher | null = null;
  const wake = connectWake(url, () => dispatcher?.wake());
  const validations = createValidationStore(orm, wake.notify, onVerdict);
  const webhooks = createWebhookSender({
    secretBox,
    isAllowed,
    lookup,
    eventsPerMinute: config.WEBHOOK_EVENTS_PER_MINUTE,
    challenge: config.WEBHOOK_CHALLENGE,
    now: () => performance.now(),
    random: Math.random,
  });
  const decoders = createDecoderPool({
    processes: config.DECODER_PROCESSES,
    maxMegapixels: config.DECODE_MAX_MEGAPIXELS,
    onEnd: (end) => logger.warn(end, 'a decoder has ended; another takes its place'),
  });
  const activities = createActivities({
    validations,
    deliveries: createDeliveryStore(orm, { endpointsMax: config.WEBHOOK_ENDPOINTS_MAX }),
    source: sources.source,
    spellPath: (path) => spellPath(path, { base: config.assetBase, roots }),
    inspectImage: config.MEASURE === 'all' ? measureAll(decoders.inspectImage) : decoders.inspectImage,
    fingerprints: createFingerprintStore(orm),
    webhooks,
    executions: createExecutions(client),
    reconcile: createReconcile({
      client,
      repairs: createRepairStore(dispatchOrm, validations.readWebhooks, wake.notify, onVerdict),
      onError: (err, doing, id) => logger.warn({ err, id }, `reconciler: ${doing}`),
    }),
    removeExpired: createRetention(
      { days: config.RETENTION_DAYS, uploadHours: config.UPLOADS_KEEP_HOURS },
      {
        rows: createExpiredRows(dispatchOrm),
        uploads: createExpiredUploads(uploads, createDisk({ places: SWEEP_PLACES })),
        onDeleted: (report) => logger.info(report, 'old data was deleted'),
        onError: (err) => logger.warn({ err }, 'retention: uploads could not be deleted'),
      },
    ),
    onFinished: (assetId) => dispatcher?.ended(assetId),
    onWebhookFailed: (failed) => logger.info(failed, 'webhook failed'),
    onError: (err, { workflowId, ...tried }) =>
      logger.warn({ err, ...subjectOf(workflowId), ...tried }, 'activity failed'),
  });

  const common: WorkerOptions = {
    connection,
    namespace: config.temporal.namespace,
    identity: workerId,
    taskQueue: TASK_QUEUE,
    activities,
    workflowBundle:
      config.WORKFLOW_BUNDLE === undefined ? await bundleApart() : { codePath: config.WORKFLOW_BUNDLE },
    // Tasks of a dead worker wait this long for it before another worker gets them.
    stickyQueueScheduleToStartTimeout: '5 s',
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: '30 s',
  };
  const validator = await Worker.create({
    ...common,
    maxConcurrentWorkflowTaskExecutions: WORKFLOW_TASK_SLOTS,
    maxConcurrentLocalActivityExecutions: WORKFLOW_TASK_SLOTS,
    maxConcurrentActivityTaskExecutions: ACTIVITY_SLOTS,
    maxCachedWorkflows: CACHED_WORKFLOWS,
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 5 },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 5 },
  });
  const deliverer = await Worker.create({
    ...common,
    taskQueue: WEBHOOK_TASK_QUEUE,
    maxConcurrentWorkflowTaskExecutions: 50,
    maxConcurrentActivityTaskExecutions: TRY_SLOTS,
    maxCachedWorkflows: CACHED_WORKFLOWS,
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 3 },
  });

  const namespaceWatch = watchNamespace({
    client,
    onMissing: (reason) =>
      logger.warn({ reason }, 'Temporal lost what our workflows need: creating it again'),
    onChange(reason) {
      if (reason === null) logger.info('Temporal is usable again');
      else logger.error({ namespace: config.temporal.namespace, reason }, 'Temporal is not usable');
    },
  });
  dispatcher =
    config.DISPATCHER === 'off'
      ? null
      : startDispatcher({
          queue,
          client,
          stepExecution: config.STEP_EXECUTION,
          eager: true,
          mayStart: () => Promise.resolve(true),
          turns: webhooks,
          onError(err, doing, id) {
            logger.warn({ err, id }, `dispatcher: ${doing}`);
            namespaceWatch.lookSoon();
          },
        });
  const signIn = () => {
    queue.renewWorker(workerId).catch((err: unknown) => logger.warn({ err }, 'the database does not answer'));
  };
  const signedIn = setInterval(signIn, SIGN_IN_EVERY_MS);

  stop = () => {
    void dispatcher?.stop();
    validator.shutdown();
    deliverer.shutdown();
  };
  const running = Promise.all([validator.run(), deliverer.run()]);
  signIn();
  logger.info({ workerId }, 'polling');
  if (stopping) stop();
  await running;

  clearInterval(signedIn);
  namespaceWatch.stop();
  await decoders.close();
  await sources.close();
  await dispatcher?.stop();
  await queue.removeWorker(workerId).catch(() => undefined);
  await wake.stop();
  await Promise.all([orm.close(), dispatchOrm.close(), webhooks.close(), connection.close()]);
  logger.info('stopped');
  endProcess(0);
}

/** Waits, as long as it takes, for Temporal and our namespace, and sets the namespace up. */
async function connectWithPatience({ temporal }: Config, logger: Logger): Promise<NativeConnection> {
  const address = temporalAddress(temporal.connectionOptions);
  let connection: NativeConnection | undefined;
  await waitUntilUsable({
    async findTrouble() {
      try {
        connection ??= await NativeConnection.connect({
          ...temporal.connectionOptions,
          grpcCompression: { codec: 'none' },
        });
      } catch (error) {
        return connectTrouble(error);
      }
      return prepareNamespace(createClient(connection, temporal.namespace), {
        updateSchedules: true,
        onMissing: () => undefined,
      });
    },
    say: (reason) => logger.warn({ address, namespace: temporal.namespace, reason }, 'waiting for Temporal'),
  });
  return connection as NativeConnection;
}
