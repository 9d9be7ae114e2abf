import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findTemporalCli } from '../../src/dev/temporal-cli.ts';
import { runCampaign } from './campaign.ts';
import type { Report } from './checker.ts';
import { FULL, makePlan, SHORT } from './plan.ts';

const HELP = `npm run test:faults: kills every part of the stack, and does worse, at random moments and proves that nothing was lost

Starts a stack of its own (Postgres, Temporal, API, worker), submits assets at a steady rate while its programs are
killed and stopped, waits for the last verdict and webhook, and checks the log. The figures go to standard output as
JSON, progress to standard error. Exit code 1: something was lost, wrong, late, came when it should not have, or a
program took too much memory (API 300 MiB, worker 700).

  --full            SIGKILL API ×20, worker ×20, Temporal ×5, Postgres ×5, SIGSTOP worker 60 s, over 2,000 submissions
                    at 15/s. Temporal loses all its data ×2. The clocks of API and worker step by an hour ×5 each.
                    The receivers of another tenant answer without end, and its names get no answer from DNS, 20 s
                    each ×2. A worker of an older version runs beside the other for 40 s. Without it: one kill and
                    step of each, a stop and an older worker of 7 s, 2 s of floods and of slow names, over 150 at 10/s
  --seed N          Repeats the run of that seed: same submissions, same faults at the same moments (default: random)
  --submissions N   How many
  --rate N          How many a second
  --log FILE        The log, one JSON line an observation (default: in the temporary folder). What the programs print
                    goes to FILE.output`;

const say = (line: string) => process.stderr.write(`${line}\n`);

/** How many violations are shown. The log has all of them. */
const SHOWN = 20;

try {
  process.exitCode = await main();
} catch (error) {
  say(
    error instanceof RangeError || error instanceof TypeError
      ? `${error.message}. See --help.`
      : String(error),
  );
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      full: { type: 'boolean' },
      seed: { type: 'string' },
      submissions: { type: 'string' },
      rate: { type: 'string' },
      log: { type: 'string' },
    },
  });
  if (values.help === true) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const isFull = values.full === true;
  const seed = toNumber(values.seed, '--seed') ?? Math.floor(Math.random() * 2 ** 32);
  const plan = makePlan(
    {
      seed,
      rate: toNumber(values.rate, '--rate') ?? (isFull ? 15 : 10),
      submissions: toNumber(values.submissions, '--submissions') ?? (isFull ? 2_000 : 150),
    },
    isFull ? FULL : SHORT,
  );
  const logFile = resolve(values.log ?? join(tmpdir(), `validatr-faults-${seed}-${process.pid}.jsonl`));
  // The `exit` handlers end every program that was started.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));

  const report = await runCampaign({ plan, temporalCli: await findTemporalCli({ log: say }), logFile, say });
  process.stdout.write(`${JSON.stringify(report.figures, null, 2)}\n`);
  return conclude(report, logFile, seed);
}

function conclude({ violations }: Report, logFile: string, seed: number): number {
  for (const { rule, submission, detail } of violations.slice(0, SHOWN))
    say(`${rule}${submission === null ? '' : ` (submission ${submission})`}: ${detail}`);
  if (violations.length > SHOWN) say(`… and ${violations.length - SHOWN} more`);
  say(
    violations.length === 0
      ? `Nothing was lost, wrong or late. Log: ${logFile}`
      : `${violations.length} violations; repeat with --seed ${seed}. Log: ${logFile}`,
  );
  return violations.length === 0 ? 0 : 1;
}

/** @throws {RangeError} unless it is a number above or equal to 0 */
function toNumber(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text)) throw new RangeError(`${option} takes a number, not ${text}`);
  return number;
}
