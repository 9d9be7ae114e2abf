import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { createDeliveryLog } from '../db/deliveries/delivery-log.ts';
import { createEndpointSecrets } from '../db/deliveries/endpoint-secrets.ts';
import { createKeyDirectory, createKeyStore } from '../db/keys/key-store.ts';
import { openDatabase } from '../db/orm.ts';
import { connectWake } from '../db/wake.ts';
import { recallStack } from '../dev/stack-file.ts';
import { DEFAULT_TENANT, SCOPES } from '../domain/api-key.ts';
import { createKeyCommands, KEY_COMMANDS } from '../cli/keys.ts';
import { createWebhookCommands, WEBHOOK_COMMANDS } from '../cli/webhooks.ts';
import { requireDatabaseUrl, requireSecretBox, runProgram, UsageError } from '../process/program.ts';

const HELP = `npm run cli -- <command>

  keys create                       a new API key, shown this once
      --tenant <name>  --name <what uses it>  --scopes <scope,…>  --expires-days <n>
      scopes: ${SCOPES.join(', ')}; by default all but admin, which manages keys
  keys list                         all keys, or those of --tenant <name>
  keys rotate <id>                  another key in its place; the old one works for 24 more hours (--overlap-hours <n>)
  keys revoke <id>                  ends it within 5 s

  webhooks secret <url>             the signing secret of the endpoint that the URL belongs to (made at first use)
  webhooks secret <url> --rotate    a new one; events are signed with both for 24 h (--force: also within these 24 h)
  webhooks endpoints                every endpoint that was used, and how it does
  webhooks enable <url or id>       undoes that an endpoint was disabled (410, or 120 h of failures)
  webhooks deliveries               the delivery log, newest first
      --asset <id>  --endpoint <url or id>  --state pending|delivered|failed|skipped  --limit <n>
      --from <time>  --to <time>    (the page before: --to the time of the last one shown)
  webhooks delivery <id>            one delivery with all its tries
  webhooks replay <id>              sends it again, under the same webhook-id
  webhooks replay --all             all that match and whose endpoint is enabled, from the start of the schedule:
      --asset <id>  --endpoint <url or id>  --state <state>  --from <time>  --to <time>
  webhooks test <url>               sends {"id":"…","state":"test"} and waits for the answer; exit code 1 if it was not delivered

It works on the database of DATABASE_URL, or of the stack that \`npm run dev\` last started here. Everything
under webhooks is of one tenant: --tenant <name>, which may be left out where there is only "${DEFAULT_TENANT}". Where secrets
are shown or made, SECRETS_KEY has to be the workers' own. Times are like 2026-01-31T12:00:00Z.`;

/** What there is; known without a database. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  keys: KEY_COMMANDS,
  webhooks: WEBHOOK_COMMANDS,
};

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  rotate: { type: 'boolean' },
  force: { type: 'boolean' },
  all: { type: 'boolean' },
  asset: { type: 'string' },
  endpoint: { type: 'string' },
  state: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  limit: { type: 'string' },
  tenant: { type: 'string' },
  name: { type: 'string' },
  scopes: { type: 'string' },
  'expires-days': { type: 'string' },
  'overlap-hours': { type: 'string' },
} as const;

const print = (text: string) => process.stdout.write(`${text}\n`);

await runProgram('cli', async () => {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const [group, command, ...args] = positionals;
  if (!isKnown(group, command))
    throw new UsageError(`There is no command "${positionals.join(' ')}". See --help.`);
  if (values.help === true || group === undefined || command === undefined) {
    print(HELP);
    return;
  }

  const { VALIDATR_DATA_DIR } = readConfig();
  const config = readConfig({ ...recallStack(VALIDATR_DATA_DIR), ...givenVariables() });
  const orm = await openDatabase({ url: requireDatabaseUrl(config), poolMax: 2 });
  const wake = connectWake(requireDatabaseUrl(config), () => undefined);
  try {
    const directory = createKeyDirectory(orm);
    const groups: Groups = {
      keys: async () => createKeyCommands({ keys: createKeyStore(orm), directory, print }),
      webhooks: async () =>
        createWebhookCommands({
          tenant: chooseTenant(await directory.tenants(), values.tenant),
          log: createDeliveryLog(orm, wake.notify),
          secrets: createEndpointSecrets(orm),
          secretBox: () => requireSecretBox(config),
          print,
        }),
    };
    const commands = await groups[group]?.();
    await commands?.[command]?.(args, values);
  } finally {
    await wake.stop();
    await orm.close();
  }
});

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];
type Command = (args: readonly string[], values: Values) => Promise<void>;
type Groups = Readonly<Record<string, () => Promise<Readonly<Record<string, Command>>>>>;

/** Whether it is a command, or the beginning of one. */
function isKnown(group: string | undefined, command: string | undefined): boolean {
  if (group === undefined) return true;
  const commands = Object.hasOwn(COMMANDS, group) ? COMMANDS[group] : undefined;
  return commands !== undefined && (command === undefined || commands.includes(command));
}

/** An endpoint is made at its first mention, with a secret: for a tenant that is none it would sign nothing. */
function chooseTenant(known: readonly string[], given: string | undefined): string {
  if (given === undefined && known.every((name) => name === DEFAULT_TENANT)) return DEFAULT_TENANT;
  if (given !== undefined && (given === DEFAULT_TENANT || known.includes(given))) return given;
  const names = [...new Set([...known, DEFAULT_TENANT])].join(', ');
  throw new UsageError(
    given === undefined
      ? `Whose webhooks? Name the tenant: --tenant <name>, one of ${names}.`
      : `No API key was ever made for the tenant ${given}. Those that have one: ${names}.`,
  );
}

/** An empty variable counts as unset, as everywhere. */
function givenVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''));
}
