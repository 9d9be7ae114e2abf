import { spawnSync } from 'node:child_process';

/** Without a registry, npm would try for minutes. */
const TIMEOUT_MS = 8_000;

interface Answer {
  readonly message?: string;
  readonly error?: { readonly code?: string; readonly summary?: string };
  readonly metadata?: { readonly vulnerabilities: Record<string, number> };
  readonly vulnerabilities?: Record<string, { readonly severity: string; readonly range: string }>;
}

const SEVERE = new Set(['high', 'critical']);

/** Ends the program. */
function end(code: 0 | 1, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}

const { stdout, stderr, signal } = spawnSync(
  'npm',
  [
    'audit',
    '--omit=dev',
    '--audit-level=high',
    '--json',
    '--fetch-retries=0',
    `--fetch-timeout=${TIMEOUT_MS}`,
  ],
  { encoding: 'utf8', timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 },
);
if (signal !== null) end(0, 'audit skipped: the registry does not answer');

let answer: Answer;
try {
  answer = JSON.parse(stdout) as Answer;
} catch {
  end(1, `npm audit can't be read: ${stdout.slice(0, 500)}${stderr.slice(0, 500)}`);
}
// An error with a code comes from npm or the lock file. A message alone means that the registry is away, or has no such endpoint.
if (answer.error?.code !== undefined)
  end(1, `npm audit failed: ${answer.error.code} ${answer.error.summary ?? ''}`);
if (answer.metadata === undefined)
  end(
    0,
    `audit skipped: the registry gave no audit (${answer.message?.replaceAll(/\s*https?:\S+/g, '') ?? 'no reason'})`,
  );

const found = Object.entries(answer.vulnerabilities ?? {}).filter(([, { severity }]) => SEVERE.has(severity));
for (const [name, { severity, range }] of found) process.stderr.write(`${name} ${range}: ${severity}\n`);
const { high = 0, critical = 0 } = answer.metadata.vulnerabilities;
if (found.length > 0 || high + critical > 0) end(1, 'Known vulnerabilities: see `npm audit --omit=dev`.');
end(0, 'no known vulnerability of high or critical severity');
