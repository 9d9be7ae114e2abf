import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { measureDifferential } from './differential/measure.ts';
import { isKind, type Kind, KINDS } from './neighbours/kinds.ts';
import { measureNeighbours } from './neighbours/measure.ts';
import { measureOnOneStack, type OneStackQuestion } from './one-stack.ts';
import { measureQuality } from './quality.ts';
import { measureSources } from './sources/measure.ts';

/**
 * `npm run bench [-- question …]` starts the embedded stack in a directory of its own (Temporal on its file database). API and
 * worker run as processes, and this process makes the load, all on the same cores. Progress goes to standard error, one JSON
 * document to standard output. Absolute times depend on the machine and the day, so compare figures of one run only.
 */
const QUESTIONS = {
  idle: 'one asset after the other, nothing else to do',
  pipeline: 'assets a second under load, and how long accepting takes meanwhile',
  accept: 'accepting alone, dispatcher off',
  policies: 'the same under policies: the rules of the contract, and all quality checks',
  sources: 'the pipeline with assets from S3, from the web and uploaded, beside local ones',
  quality: 'all quality checks on the same files, here and by CleanVision',
  receivers: 'what a receiver that hangs costs the others',
  uploads: 'one of 1 GiB in parts, and 50 at once: memory of the API, and how long others wait',
  differential: 'the same files judged here and by two other decoders: where they differ, memory, time',
  neighbours: 'what the attacks of one tenant cost another',
  backlog: '20,000 assets accepted while no worker runs, then worked off: memory',
} as const satisfies Record<OneStackQuestion | 'sources' | 'quality' | 'differential' | 'neighbours', string>;
type Question = keyof typeof QUESTIONS;
const BY_DEFAULT: readonly Question[] = ['idle', 'pipeline', 'accept'];
const ON_STACKS_OF_THEIR_OWN: ReadonlySet<string> = new Set<Question>([
  'sources',
  'quality',
  'differential',
  'neighbours',
]);

/** How long one measurement of `neighbours` takes at most. */
const SECONDS = 60;

const HELP = `npm run bench [-- question …], by default ${BY_DEFAULT.join(' ')}
${listed(QUESTIONS)}
differential takes --folder=DIR, and examines all files below it.
neighbours takes --only=KIND (again for further kinds), and --seconds=N, the longest time of a measurement (${SECONDS}):
${listed(KINDS)}
`;

const say = (line: string) => process.stderr.write(`${line}\n`);

const { questions, kinds, seconds, folder } = readArguments();
const answers: Record<string, unknown> = {};
async function ask(name: Question, measure: () => Promise<unknown>): Promise<void> {
  if (!questions.has(name)) return;
  say(`${QUESTIONS[name]} …`);
  answers[name] = await measure();
}

await ask('neighbours', () => measureNeighbours({ kinds, seconds, say }));
await ask('sources', () => measureSources(say));
await ask('quality', measureQuality);
await ask('differential', () => measureDifferential(folder, say));
if ([...questions].some((name) => !ON_STACKS_OF_THEIR_OWN.has(name))) await measureOnOneStack({ ask, say });

const machine = {
  cores: cpus().length,
  model: cpus()[0]?.model,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
};
process.stdout.write(`${JSON.stringify({ machine, ...answers }, null, 2)}\n`);

interface Arguments {
  readonly questions: ReadonlySet<string>;
  readonly kinds: readonly Kind[];
  readonly seconds: number;
  readonly folder: string;
}

/** Ends the process if they are not understood. */
function readArguments(): Arguments {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      only: { type: 'string', multiple: true, default: Object.keys(KINDS) },
      folder: { type: 'string', default: '.' },
      seconds: { type: 'string', default: String(SECONDS) },
    },
  });
  const { only, folder } = values;
  const seconds = Number(values.seconds);
  if (values.help === true) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  if (!positionals.every((name) => name in QUESTIONS) || !only.every(isKind) || !(seconds > 0)) {
    say(HELP);
    process.exit(2);
  }
  return {
    questions: new Set(positionals.length === 0 ? BY_DEFAULT : positionals),
    kinds: only,
    seconds,
    folder,
  };
}

function listed(texts: Readonly<Record<string, string>>): string {
  return Object.entries(texts)
    .map(([name, text]) => `  ${name.padEnd(16)} ${text}`)
    .join('\n');
}
