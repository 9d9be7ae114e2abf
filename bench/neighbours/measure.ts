import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../load.ts';
import { stopProgram } from '../programs.ts';
import { makeHostilePictures } from './hostile-pictures.ts';
import { type AttackOrder, type Kind, KINDS } from './kinds.ts';
import { type QuietFigures, startQuietTenant } from './quiet-tenant.ts';
import {
  QUIET_DOMAIN,
  type SilentNames,
  startSilentNames,
} from '../../test/support/stand-ins/silent-names.ts';
import { startTenantStack } from './tenant-stack.ts';

const SAMPLES = 60;
/** An attack gives steadily about as much work as this share of the time can do, one asset after the other. */
const STEADY_SHARE = 0.3;
const BITES_WITHIN_MS = 180_000;
/** Names that have to be without answer at once: as many as Node has threads for the system's resolver. */
const NAMES_THAT_BITE = 4;

/** While the attack goes on, a 95th percentile may be so many times the quiet one. */
const MOST_TIMES = 2;
/** Bounds of memory, MiB. */
const MOST_MIB = { worker: 700, api: 300 };

const MEASURED = ['verdictMs', 'webhookMs', 'testEventMs'] as const;
type Measured = (typeof MEASURED)[number];

interface Row {
  readonly what: string;
  readonly quiet: QuietFigures;
  readonly attacked: QuietFigures;
  /** Attacked to quiet. */
  readonly times: Readonly<Record<Measured, { readonly p50: number; readonly p95: number }>>;
  readonly peakMiB: { readonly worker: number | null; readonly api: number | null };
  /** The bounds that it breaks. */
  readonly over: readonly string[];
}

/**
 * Measures what one tenant's attack costs another tenant that has one asset at a time: first in quiet, then while the attack
 * goes on. Each kind has a stack of its own, so none pays for the one before.
 */
export async function measureNeighbours({
  kinds,
  seconds,
  say,
}: {
  kinds: readonly Kind[];
  /** The longest time that one measurement takes. */
  seconds: number;
  say: (line: string) => void;
}) {
  const rows: Partial<Record<Kind, Row>> = {};
  for (const kind of kinds) {
    say(`${kind}: ${KINDS[kind]} …`);
    rows[kind] = await measureKind(kind, seconds, say);
    say(summarize(rows[kind]));
  }
  return { bounds: { timesP95: MOST_TIMES, peakMiB: MOST_MIB }, kinds: rows };
}

async function measureKind(kind: Kind, seconds: number, say: (line: string) => void): Promise<Row> {
  const closings: (() => Promise<unknown>)[] = [];
  const owned = <Thing>(thing: Thing, close: () => Promise<unknown>): Thing => {
    closings.unshift(close);
    return thing;
  };
  try {
    const dir = await mkdtemp(join(tmpdir(), 'validatr-pictures-'));
    owned(dir, () => rm(dir, { recursive: true }));
    const pictures = kind === 'pictures' ? await makeHostilePictures(dir) : [];
    const names = kind === 'slow-dns' ? await startSilentNames() : null;
    if (names !== null) owned(names, () => names.close());
    const stack = await startTenantStack({ assetsDir: dir, names });
    owned(stack, () => stack.stop());
    const tenant = await startQuietTenant(stack, names === null ? '127.0.0.1' : `receiver.${QUIET_DOMAIN}`);
    owned(tenant, () => tenant.close());

    const quiet = await tenant.measure({ samples: SAMPLES, seconds });
    say('  quiet is measured; the attack begins …');
    const attacker = startAttack({
      kind,
      baseUrl: stack.baseUrl,
      key: stack.keys.noisy,
      pictures,
      eventsPerS: (STEADY_SHARE * 1000) / quiet.verdictMs.p50,
    });
    owned(attacker, () => stopProgram(attacker, 'SIGKILL'));
    await untilItBites(attacker, names);
    say('  it bites …');
    const attacked = await tenant.measure({ samples: SAMPLES, seconds });
    if (attacker.exitCode !== null) throw new Error('The attack has ended by itself');
    const peakMiB = stack.peakMiB();
    const times = Object.fromEntries(
      MEASURED.map((what) => [
        what,
        { p50: ratio(attacked[what].p50, quiet[what].p50), p95: ratio(attacked[what].p95, quiet[what].p95) },
      ]),
    ) as Row['times'];
    return { what: KINDS[kind], quiet, attacked, times, peakMiB, over: findOver(times, peakMiB) };
  } finally {
    for (const close of closings) await close();
  }
}

function startAttack(order: AttackOrder): ChildProcess {
  return fork(fileURLToPath(new URL('attacker.ts', import.meta.url)), [JSON.stringify(order)]);
}

async function untilItBites(attacker: ChildProcess, names: SilentNames | null): Promise<void> {
  let isBiting = false;
  attacker.once('message', () => (isBiting = true));
  await waitUntil(
    () => {
      if (attacker.exitCode !== null) throw new Error('The attack ended before it could bite');
      const areSilent = names === null || names.unanswered.size >= NAMES_THAT_BITE;
      return Promise.resolve(isBiting && areSilent);
    },
    50,
    BITES_WITHIN_MS,
  );
}

function ratio(attacked: number, quiet: number): number {
  return Math.round((attacked / quiet) * 10) / 10;
}

function findOver(times: Row['times'], peakMiB: Row['peakMiB']): string[] {
  return [
    ...MEASURED.filter((what) => times[what].p95 > MOST_TIMES),
    ...(['worker', 'api'] as const).filter((name) => (peakMiB[name] ?? 0) > MOST_MIB[name]),
  ];
}

function summarize({ quiet, attacked, times, peakMiB, over }: Row): string {
  const parts = MEASURED.map(
    (what) =>
      `${what} p50 ${quiet[what].p50} → ${attacked[what].p50}, p95 ${quiet[what].p95} → ${attacked[what].p95} (× ${times[what].p95})`,
  );
  const verdict = over.length === 0 ? 'within the bounds' : `over: ${over.join(', ')}`;
  return `  ${parts.join('; ')}; worker ${peakMiB.worker} MiB, API ${peakMiB.api} MiB: ${verdict}`;
}
