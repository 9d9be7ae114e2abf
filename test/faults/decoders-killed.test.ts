import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestClient } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { type Stack, startStack } from '../support/stack.ts';

const ASSETS = 300;
const KILLS = 10;

/** Decoders die under a stream of assets; the worker lives on. */
describe('when decoders are killed', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({ LOG_LEVEL: 'warn', DECODER_PROCESSES: '2' });
  });
  afterAll(() => stack?.stop());

  const decoders = () =>
    execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(
        ([, parent, ...args]) =>
          Number(parent) === stack.worker.process.pid &&
          args.join(' ').includes('src/image/decoder/child.ts'),
      )
      .map(([pid]) => Number(pid));

  it('every asset gets its verdict, and no kill costs more than one image', async () => {
    const client = createTestClient(stack.baseUrl);
    const ids = await Promise.all(Array.from({ length: ASSETS }, () => client.submit('./assets/rocket.jpg')));
    const terminal = async () => {
      const [row] = await stack.database.query<{ count: string }>(
        'SELECT count(*) FROM assets WHERE finished_at IS NOT NULL',
      );
      return Number(row?.count);
    };
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await eventually(async () => (await terminal()) >= (ASSETS * kill) / (KILLS + 2), { what: 'progress' });
      const [pid] = await eventually(() => (decoders().length > 0 ? decoders() : false), {
        what: 'a decoder',
      });
      process.kill(pid ?? 0, 'SIGKILL');
    }
    await eventually(async () => (await terminal()) === ids.length, {
      what: 'all verdicts',
    });

    const verdicts = await stack.database.query<{ state: string; codes: string; count: number }>(
      `SELECT state, jsonb_path_query_array(findings::jsonb, '$[*].code')::text AS codes, count(*)::int AS count
      FROM assets GROUP BY 1, 2`,
    );
    const count = (state: string) => verdicts.find((verdict) => verdict.state === state)?.count ?? 0;
    expect(count('complete')).toBeGreaterThanOrEqual(ASSETS - KILLS);
    expect(count('complete') + count('failed')).toBe(ASSETS);
    for (const { state, codes } of verdicts)
      expect(codes).toBe(state === 'complete' ? '[]' : '["decoder_crashed"]');
    expect(stack.worker.process.exitCode).toBeNull();
    expect(stack.worker.output()).toContain('a decoder has ended');
  });

  it('a worker that stops, or is killed, leaves no decoder behind', async () => {
    const pids = decoders();
    expect(pids.length).toBeGreaterThan(0);
    stack.worker.signal('SIGTERM');
    expect(await stack.worker.ended()).toBe(0);
    const isAlive = (pid: number) =>
      execFileSync('ps', ['-A', '-o', 'pid=,stat='], { encoding: 'utf8' })
        .split('\n')
        .some((line) => line.trim().split(/\s+/)[0] === String(pid) && !/ Z/.test(line));
    expect(pids.filter(isAlive)).toEqual([]);
  });
});
