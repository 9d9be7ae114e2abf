import { randomBytes } from 'node:crypto';
import { validate as isUuid } from 'uuid';
import { DELIVERY_STATES, type DeliveryState, SECRET_OVERLAP_H } from '../domain/delivery.ts';
import type {
  DeliveryEntry,
  DeliveryFilter,
  DeliveryLog,
  Endpoint,
  EndpointSecrets,
} from '../domain/ports/webhooks.ts';
import { describeWebhookUrl, parseWebhookUrl } from '../domain/webhook-url.ts';
import type { SecretBox } from '../webhooks/secret-box.ts';
import { formatSecret, SECRET_BYTES } from '../webhooks/sign.ts';
import { CannotRun, UsageError } from '../process/program.ts';

/** What the command line gave, as `parseArgs` reads it. */
interface Options {
  readonly rotate?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly all?: boolean | undefined;
  readonly asset?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly state?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly limit?: string | undefined;
}

/** What comes after `webhooks`. */
export const WEBHOOK_COMMANDS = [
  'secret',
  'endpoints',
  'enable',
  'deliveries',
  'delivery',
  'replay',
  'test',
] as const;

type Command = (args: readonly string[], options: Options) => Promise<void>;

export interface WebhookCommandsDeps {
  /** Whose endpoints and deliveries they are about. */
  readonly tenant: string;
  readonly log: DeliveryLog;
  readonly secrets: EndpointSecrets;
  /** @throws {ConfigError} where there is no key */
  readonly secretBox: () => SecretBox;
  readonly print: (text: string) => void;
}

const TEST_TIMEOUT_MS = 15_000;
const LOOK_AGAIN_MS = 100;
const MAX_LIMIT = 500;
const EXIT_FAILED = 1;

export function createWebhookCommands({
  tenant,
  log,
  secrets,
  secretBox,
  print,
}: WebhookCommandsDeps): Record<(typeof WEBHOOK_COMMANDS)[number], Command> {
  async function findEndpoint(idOrUrl: string): Promise<Endpoint> {
    const endpoint = await log.findEndpoint(tenant, idOrUrl);
    if (endpoint === null)
      throw new UsageError(
        `The tenant ${tenant} never used such an endpoint. \`webhooks endpoints\` lists those it used.`,
      );
    return endpoint;
  }

  async function asFilter({ asset, endpoint, state, from, to }: Options): Promise<DeliveryFilter> {
    return {
      assetId: asset === undefined ? undefined : asId(asset),
      endpointId: endpoint === undefined ? undefined : (await findEndpoint(endpoint)).id,
      state: state === undefined ? undefined : asState(state),
      from: asTime('--from', from),
      to: asTime('--to', to),
    };
  }

  return {
    async secret([url], { rotate = false, force = false }) {
      const box = secretBox();
      const known = asUrl(url);
      const endpointId = await secrets.endpointIdOf(tenant, known);
      const fresh = box.seal(randomBytes(SECRET_BYTES), endpointId);
      const inForce = rotate
        ? await secrets.rotate(tenant, known, fresh, force)
        : await secrets.readOrCreate(tenant, known, fresh);
      const [newest] = inForce ?? [];
      if (newest === undefined) {
        throw new UsageError(
          `It was rotated within the last ${SECRET_OVERLAP_H} h: the secret before would no longer verify. Wait, or add --force.`,
        );
      }
      print(formatSecret(open(box, newest, endpointId)));
    },

    async endpoints() {
      const endpoints = await log.listEndpoints(tenant);
      if (endpoints.length === 0) print('No webhook has been sent yet.');
      for (const endpoint of endpoints) print(describeEndpoint(endpoint));
    },

    async enable([idOrUrl]) {
      const endpoint = await findEndpoint(required(idOrUrl, 'the endpoint'));
      const changed = await log.enable(tenant, endpoint.id);
      print(changed ? 'Enabled. What failed meanwhile can be sent again:' : 'It is enabled already.');
      if (changed)
        print(
          `  npm run cli -- webhooks replay --all --endpoint ${endpoint.id} --state failed --tenant ${tenant}`,
        );
    },

    async deliveries(_args, options) {
      const limit = Number(options.limit ?? 50);
      if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
        throw new UsageError(`--limit takes a number from 1 to ${MAX_LIMIT}.`);
      const entries = await log.list(tenant, await asFilter(options), { limit });
      if (entries.length === 0) print('No delivery matches.');
      for (const entry of entries) print(describeDelivery(entry));
    },

    async delivery([id]) {
      const entry = await log.find(tenant, asId(id));
      if (entry === null) throw new UsageError(`The tenant ${tenant} has no such delivery.`);
      print(JSON.stringify({ ...entry, url: describeWebhookUrl(entry.url) }, null, 2));
    },

    async replay([id], options) {
      if (options.all === true) {
        const filter = await asFilter(options);
        if (Object.values(filter).every((value) => value === undefined))
          throw new UsageError('--all needs at least one of --asset, --endpoint, --state, --from, --to.');
        const { replayed, leftOut } = await log.replayAll(tenant, filter);
        print(replayed === 1 ? '1 delivery is sent again.' : `${replayed} deliveries are sent again.`);
        if (leftOut > 0)
          print(`${leftOut} were left out: their endpoints are disabled (webhooks enable <url>).`);
        return;
      }
      const outcome = await log.replay(tenant, asId(id));
      if (outcome === 'not_found') throw new UsageError(`The tenant ${tenant} has no such delivery.`);
      if (outcome === 'skipped')
        throw new UsageError('Its URL is not valid: there is nothing to send again.');
      if (outcome === 'endpoint_disabled')
        throw new UsageError('Its endpoint is disabled: `webhooks enable` it first.');
      print('It is sent again, at once unless its receiver gets no tries now (see docs/webhooks.md).');
    },

    async test([url]) {
      const { id } = await log.sendTest(tenant, asUrl(url));
      print(`Test event ${id} …`);
      const deadline = Date.now() + TEST_TIMEOUT_MS;
      for (;;) {
        const entry = await log.find(tenant, id);
        if (entry !== null && (entry.tries.length > 0 || entry.state !== 'pending')) {
          if (entry.state !== 'delivered') throw new CannotRun(describeTries(entry), EXIT_FAILED);
          return print(describeTries(entry));
        }
        if (Date.now() > deadline) {
          const due = entry?.dueAt ?? null;
          const isHeld = due !== null && due.getTime() > Date.now();
          throw new CannotRun(
            isHeld
              ? `No try was made yet, and none is before ${due.toISOString()}: its receiver failed, or its tenant has used up its minute.`
              : 'No try was made yet: does a worker run?',
            EXIT_FAILED,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    },
  };
}

/** @throws {UsageError} where the key is another than the secret was sealed with */
function open(box: SecretBox, sealed: Uint8Array, endpointId: string): Uint8Array {
  try {
    return box.open(sealed, endpointId);
  } catch {
    throw new UsageError(
      'The secret was sealed with another SECRETS_KEY than this one. Add the old key behind a comma; if it is lost, --rotate.',
    );
  }
}

function describeEndpoint({
  id,
  url,
  verifiedAt,
  disabledBecause,
  failingSince,
  deliveredAt,
}: Endpoint): string {
  const state = disabledBecause === null ? 'enabled' : `disabled (${disabledBecause})`;
  const luck =
    failingSince === null
      ? `last delivered ${deliveredAt?.toISOString() ?? 'never'}`
      : `failing since ${failingSince.toISOString()}`;
  const proof = verifiedAt === null ? 'not verified' : `verified ${verifiedAt.toISOString()}`;
  return `${id}  ${state.padEnd(18)}  ${proof}  ${luck}  ${url}`;
}

function describeDelivery(entry: DeliveryEntry): string {
  const { id, createdAt, event, state, assetId, url } = entry;
  return `${id}  ${createdAt.toISOString()}  ${event.padEnd(9)}  ${state.padEnd(9)}  ${describeTries(entry)}  ${
    assetId ?? '-'
  }  ${describeWebhookUrl(url)}`;
}

/** E.g. `3 tries, last http_500 in 12 ms`. */
function describeTries({ tries, failure }: DeliveryEntry): string {
  const last = tries.at(-1);
  const why = failure === null ? '' : ` (${failure})`;
  if (last === undefined) return `no try${why}`;
  const answer = last.error ?? `http_${last.status}`;
  return `${tries.length} ${tries.length === 1 ? 'try' : 'tries'}, last ${answer} in ${last.durationMs} ms${why}`;
}

function required(value: string | undefined, what: string): string {
  if (value === undefined) throw new UsageError(`It needs ${what}.`);
  return value;
}

function asUrl(text: string | undefined): string {
  const url = parseWebhookUrl(required(text, "the receiver's URL"));
  if (url === null) throw new UsageError('The URL has to be an absolute http(s) URL without user info.');
  return url.href;
}

function asId(text: string | undefined): string {
  const id = required(text, "the delivery's id");
  if (!isUuid(id)) throw new UsageError('The id has to be a UUID.');
  return id;
}

function asState(text: string): DeliveryState {
  const state = DELIVERY_STATES.find((one) => one === text);
  if (state === undefined) throw new UsageError(`--state is one of ${DELIVERY_STATES.join(', ')}.`);
  return state;
}

function asTime(option: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  const year = time.getUTCFullYear();
  if (!(year >= 1970 && year < 9999))
    throw new UsageError(`${option} takes a time like 2026-01-31T12:00:00Z.`);
  return time;
}
