import { describe, expect, it } from 'vitest';
import { checkLog } from '../../faults/checker.ts';
import type { LogRecord, RecordOf } from '../../faults/log.ts';
import { BEGIN, healthyLog, webhook } from './healthy-log.ts';

/** The rules that a log breaks, each once. */
function rulesBrokenBy(log: readonly LogRecord[]): string[] {
  return [...new Set(checkLog(log).violations.map(({ rule }) => rule))].sort();
}

/** The healthy log with every record of a type (that `concerns` picks) changed; undefined leaves it out. */
function withChanged<Type extends LogRecord['type']>(
  type: Type,
  change: (record: RecordOf<Type>) => object | undefined,
  concerns: (record: RecordOf<Type>) => boolean = () => true,
): LogRecord[] {
  return healthyLog().flatMap((record) => {
    if (record.type !== type || !concerns(record as RecordOf<Type>)) return [record];
    const changed = change(record as RecordOf<Type>);
    return changed === undefined ? [] : [{ ...record, ...changed }];
  });
}

const isFirst = ({ submission }: { submission: number | null }) => submission === 0;
const isFirstsStart = ({ url }: { url: string }) => url.endsWith('onStart?submission=0');
const isFirstsEnd = ({ url }: { url: string }) => url.endsWith('onSuccess?submission=0');

describe('the checker of fault runs', () => {
  it('passes a run without violations', () => {
    expect(checkLog(healthyLog())).toMatchObject({
      violations: [],
      figures: {
        seed: 7,
        acknowledged: 2,
        terminal: 2,
        lost: 0,
        wrong: 0,
        lastVerdictAfterLastFaultMs: 65,
        webhooks: { received: 4, duplicates: 0, outstanding: 0, lastAfterLastFaultMs: 70 },
        faults: [{ target: 'worker', atMs: 50, restartedAfterMs: 15, nextVerdictAfterMs: 75 }],
      },
    });
  });

  it('finds a program that took too much memory', () => {
    const log = withChanged('memory', ({ peakMiB }) => ({ peakMiB: peakMiB + 1 }));
    expect(rulesBrokenBy(log)).toEqual(['memory']);
    expect(checkLog(log)).toMatchObject({
      violations: [{}, {}],
      figures: { peakMiB: { api: 301, worker: 701 } },
    });
  });

  it('allows an event that comes more than once, and an asset whose answer was lost', () => {
    const again = webhook(BEGIN + 500, 0, 'onSuccess', JSON.stringify({ id: 'asset-0', state: 'complete' }));
    const log = [...healthyLog(), again].map((record) =>
      record.type === 'acknowledged' && record.submission === 1
        ? ({ at: record.at, type: 'not_acknowledged', submission: 1, reason: 'ECONNRESET' } as const)
        : record,
    );
    expect(checkLog(log)).toMatchObject({
      violations: [],
      figures: { acknowledged: 1, acceptedUnheard: 1, webhooks: { duplicates: 1 } },
    });
  });

  it.each([0, 3_600_000])('allows a timestamp of a clock that has stepped by %i ms', (stepMs) => {
    const log = withChanged(
      'webhook',
      ({ body }) => ({
        ...webhook(BEGIN + 30 + stepMs, 0, 'onSuccess', body),
        at: BEGIN + 30,
      }),
      isFirstsEnd,
    );
    expect(checkLog(log).violations).toEqual([]);
  });

  it.each<[string, string[], LogRecord[]]>([
    ['an acknowledged asset that is gone', ['lost'], withChanged('row', () => undefined, isFirst)],
    [
      'an acknowledged asset that is open',
      ['lost'],
      withChanged('row', () => ({ state: 'in_progress', finishedAt: null }), isFirst),
    ],
    [
      'an asset without acknowledgement that is open',
      ['unfinished'],
      withChanged('row', () => ({ state: 'queued', finishedAt: null }), isFirst).map((record) =>
        record.type === 'acknowledged' && record.submission === 0
          ? ({ at: record.at, type: 'not_acknowledged', submission: 0, reason: 'HTTP 503' } as const)
          : record,
      ),
    ],
    [
      'a verdict more than 60 s after the last fault',
      ['late'],
      withChanged('row', () => ({ finishedAt: BEGIN + 60 + 60_001 }), isFirst),
    ],
    ['another state', ['wrong'], withChanged('row', () => ({ state: 'canceled' }), isFirst)],
    [
      'errors that differ in a byte',
      ['wrong'],
      withChanged(
        'row',
        () => ({ errors: '{"asset":["Asset is not an image"]}' }),
        (row) => !isFirst(row),
      ),
    ],
    ['a second attempt', ['second_attempt'], withChanged('row', () => ({ attempt: 2 }), isFirst)],
    [
      'two assets for one request',
      ['doubled'],
      [
        ...healthyLog(),
        ...healthyLog().flatMap((record) =>
          record.type === 'row' && isFirst(record) ? { ...record, id: 'another' } : [],
        ),
      ],
    ],
    [
      'an asset that nobody asked for',
      ['doubled'],
      [
        ...healthyLog(),
        ...healthyLog().flatMap((record) =>
          record.type === 'row' && isFirst(record) ? { ...record, id: 'another', submission: null } : [],
        ),
      ],
    ],
    ['an event that never came', ['webhook_missing'], withChanged('webhook', () => undefined, isFirstsEnd)],
    [
      'a second verdict',
      ['webhook_unexpected'],
      [...healthyLog(), webhook(BEGIN + 99, 0, 'onFailure', '{"id":"asset-0","state":"failed"}')],
    ],
    [
      'an event for an asset that is not there',
      ['webhook_unexpected'],
      [...healthyLog(), webhook(BEGIN + 99, 17, 'onStart', '{"id":"asset-17","state":"in_progress"}')],
    ],
    [
      'a body that is not the contract’s',
      ['webhook_body'],
      [
        ...withChanged('webhook', () => undefined, isFirstsEnd),
        webhook(BEGIN + 99, 0, 'onSuccess', '{"state":"complete","id":"asset-0"}'),
      ],
    ],
    [
      'bodies that differ between tries',
      ['webhook_body'],
      [...healthyLog(), webhook(BEGIN + 99, 0, 'onSuccess', '{"id":"asset-0", "state":"complete"}')],
    ],
    [
      'an event under a second id',
      ['webhook_id'],
      [
        ...healthyLog(),
        webhook(BEGIN + 99, 0, 'onSuccess', '{"id":"asset-0","state":"complete"}', 'another'),
      ],
    ],
    [
      'an id for two events',
      ['webhook_id'],
      [
        ...withChanged('webhook', () => undefined, isFirstsEnd),
        webhook(BEGIN + 99, 0, 'onSuccess', '{"id":"asset-0","state":"complete"}', '0-onStart'),
      ],
    ],
    [
      'an event without id',
      ['webhook_id', 'webhook_signature'],
      withChanged('webhook', () => ({ id: null }), isFirstsEnd),
    ],
    [
      'an end before its start',
      ['webhook_order'],
      withChanged('webhook', () => ({ at: BEGIN + 31 }), isFirstsStart).sort((a, b) => a.at - b.at),
    ],
    [
      'an event that is not signed',
      ['webhook_signature'],
      withChanged('webhook', () => ({ signature: null }), isFirstsEnd),
    ],
    [
      'a signature over another body',
      ['webhook_signature'],
      withChanged(
        'webhook',
        () => ({
          signature: (webhook(BEGIN + 30, 0, 'onSuccess', '{}') as RecordOf<'webhook'>).signature,
        }),
        isFirstsEnd,
      ),
    ],
    [
      'a timestamp of another day',
      ['webhook_signature'],
      withChanged(
        'webhook',
        ({ body }) => ({ ...webhook(BEGIN - 86_400_000, 0, 'onSuccess', body), at: BEGIN + 30 }),
        isFirstsEnd,
      ),
    ],
    [
      'a timestamp of a clock that has stepped the other way',
      ['webhook_signature'],
      withChanged(
        'webhook',
        ({ body }) => ({ ...webhook(BEGIN - 3_600_000, 0, 'onSuccess', body), at: BEGIN + 30 }),
        isFirstsEnd,
      ),
    ],
    [
      'an endpoint without secret',
      ['webhook_signature'],
      withChanged(
        'secret',
        () => undefined,
        ({ endpoint }) => endpoint.endsWith('onStart'),
      ),
    ],
    ['a log without its run', ['incomplete_log'], withChanged('run', () => undefined)],
    ['a submission that was not made', ['incomplete_log'], withChanged('run', () => ({ submissions: 3 }))],
    [
      'a submission without outcome',
      ['incomplete_log'],
      withChanged('acknowledged', () => undefined, isFirst),
    ],
    ['a fault that did not end', ['incomplete_log'], withChanged('run', () => ({ faults: 2 }))],
  ])('reports %s', (_what, rules, log) => {
    expect(rulesBrokenBy(log)).toEqual(rules);
  });

  it('allows the end before the start if the start has been due for 10 s', () => {
    const log = withChanged('webhook', () => ({ at: BEGIN + 11_000 }), isFirstsStart).map((record) =>
      record.type === 'webhook' && isFirstsEnd(record) ? { ...record, at: BEGIN + 15 + 10_000 } : record,
    );
    const report = checkLog(log.sort((a, b) => a.at - b.at));
    expect(report.violations).toEqual([]);
    expect(report.figures.webhooks.endsAheadOfStart).toBe(1);
  });
});
