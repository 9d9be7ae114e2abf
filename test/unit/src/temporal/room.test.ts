import { beforeEach, describe, expect, it } from 'vitest';
import { createRoom } from '../../../../src/temporal/room.ts';

describe('the room for validations under way', () => {
  let now: number;
  let room: ReturnType<typeof createRoom>;
  let started: number;

  beforeEach(() => {
    now = 0;
    started = 0;
    room = createRoom(() => now);
  });

  function start(tenant: string, count: number): void {
    for (let i = 0; i < count; i += 1) {
      room.started(`${tenant}-${started}`, tenant);
      started += 1;
    }
  }

  it('belongs to one tenant alone, if only one has work', () => {
    start('a', 12);
    expect(room.free()).toBe(4);
    start('a', 4);
    expect(room.free()).toBe(0);
  });

  it('has a share for a tenant that comes when another has all of it', () => {
    start('slow', 16);
    expect(room.forOthers()).toEqual({ count: 8, except: ['slow'] });
    start('second', 8);
    expect(room.forOthers()).toEqual({ count: 5, except: ['slow', 'second'] });
  });

  it('has no more than a share for others, however many tenants are slow', () => {
    for (let i = 0; i < 100; i += 1) {
      const { count, except } = room.forOthers();
      expect(count).toBeLessThanOrEqual(16 / (except.length + 1));
      start(`slow-${i}`, count);
    }
    expect(room.forOthers().count).toBe(0);
    // 16 + 16/2 + 16/3 + …, because each one that comes has a smaller share.
    expect(started).toBeLessThanOrEqual(54);
  });

  it('is free again when a validation ends, or after 5 s without an end', () => {
    start('a', 16);
    expect(room.ended('a-0')).toBe(true);
    expect(room.ended('a-0')).toBe(false);
    expect(room.free()).toBe(1);
    now = 5_001;
    expect(room.free()).toBe(16);
  });
});
