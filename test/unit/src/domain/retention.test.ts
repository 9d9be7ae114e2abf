import { describe, expect, it } from 'vitest';
import type { DeletedAssets, ExpiredRows } from '../../../../src/domain/ports/retention.ts';
import { createRetention, type RetentionSettings } from '../../../../src/domain/retention.ts';

const UPLOAD = { tenant: 'own', uploadId: 'u' };

describe('a round of retention', () => {
  const calls: unknown[][] = [];
  const errors: unknown[] = [];
  const said: unknown[] = [];

  function open(
    settings: RetentionSettings,
    batches: DeletedAssets[],
    deleteUpload = () => Promise.resolve(true),
  ) {
    calls.length = errors.length = said.length = 0;
    const rows: ExpiredRows = {
      deleteAssets: (...args) => {
        calls.push(args);
        return Promise.resolve(batches.shift() ?? { count: 0, uploads: [], next: null });
      },
      deleteTestEvents: () => Promise.resolve(2),
      findNeededUploads: () => Promise.resolve(new Set()),
    };
    const uploads = {
      deleteOlderThan: (hours: number) =>
        hours === 13 ? Promise.reject(new Error('away')) : Promise.resolve(7),
      delete: deleteUpload,
    };
    const onDeleted = (report: unknown) => void said.push(report);
    return createRetention(settings, {
      rows,
      uploads,
      onDeleted,
      onError: (error) => void errors.push(error),
    });
  }

  it('deletes nothing unless the operator wants it', async () => {
    const report = { assets: 0, testEvents: 0, uploads: 0 };
    expect(await open({ days: 0, uploadHours: 0 }, [])(() => true)).toEqual(report);
    expect([calls, said]).toEqual([[], []]);
    expect(await open({ days: 0, uploadHours: 1 }, [])(() => true)).toEqual({ ...report, uploads: 7 });
    expect(said).toEqual([{ ...report, uploads: 7 }]);
  });

  it('goes on batch by batch, and deletes the uploads of the last one', async () => {
    const batches = [
      { count: 500, uploads: [], next: 'a' },
      { count: 3, uploads: [UPLOAD, UPLOAD], next: null },
    ];
    const round = open({ days: 9, uploadHours: 0 }, batches);
    expect(await round(() => true)).toEqual({ assets: 503, testEvents: 2, uploads: 2 });
    expect(calls).toEqual([
      [9, 500, null],
      [9, 500, 'a'],
    ]);
  });

  it('stops between two batches when its time is over', async () => {
    const batches = [{ count: 500, uploads: [], next: 'a' }];
    let asked = 0;
    const round = open({ days: 9, uploadHours: 0 }, batches);
    expect((await round(() => (asked += 1) <= 2)).assets).toBe(500);
    expect(calls.length).toBe(1);
  });

  it('goes on when the directory of uploads has trouble', async () => {
    const fail = (): Promise<boolean> => Promise.reject(new Error('away'));
    const round = open({ days: 9, uploadHours: 13 }, [{ count: 1, uploads: [UPLOAD], next: null }], fail);
    expect(await round(() => true)).toEqual({ assets: 1, testEvents: 2, uploads: 0 });
    expect(errors.length).toBe(2);
  });
});
