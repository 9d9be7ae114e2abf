import { lookup as systemLookup } from 'node:dns/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLookup } from '../../../../../src/network/names/lookup.ts';
import { eventually } from '../../../../support/eventually.ts';
import { expectWithin } from '../../../../support/machine-pace.ts';
import {
  type Answering,
  type NameServer,
  startNameServer,
} from '../../../../support/stand-ins/name-server.ts';

const ADDRESS = '192.0.2.1';
const SIXTH = '2001:db8:0:0:0:0:0:1';

describe('names are looked up', () => {
  let directory: string;
  let hostsFile: string;
  let resolvConf: string;
  const servers: NameServer[] = [];
  /** Milliseconds of the clock. */
  let time = 0;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'names-'));
    hostsFile = join(directory, 'hosts');
    resolvConf = join(directory, 'resolv.conf');
    time = 1_000_000;
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await rm(directory, { recursive: true });
  });

  async function start(...answers: Answering[]) {
    for (const answer of answers) servers.push(await startNameServer(answer));
    const lookup = createLookup({
      servers: servers.map(({ address }) => address),
      now: () => time,
      hostsFile,
      resolvConf,
    });
    const asked = servers[0]?.asked ?? [];
    const find = (name: string, { tenant = 'a', signal = new AbortController().signal } = {}) =>
      lookup(name, { tenant, signal });
    /** How often the first server was asked for a name's IPv4 addresses. */
    const countAsked = (name: string) => asked.filter((question) => question === `${name} A`).length;
    return { find, asked, countAsked };
  }

  const silentAbout =
    (silent: (name: string) => boolean): Answering =>
    ({ name }) =>
      silent(name) ? null : { addresses: [ADDRESS] };

  it('in both families, IPv4 first, in turn', async () => {
    const addresses = [SIXTH, '192.0.2.2', ADDRESS];
    const { find } = await start(() => ({ addresses }));
    expect(await find('hooks.example')).toEqual(['192.0.2.2', '2001:db8::1', ADDRESS]);
  });

  it('without the family that is never answered', async () => {
    const { find } = await start(({ type }) => (type === 'AAAA' ? null : { addresses: [ADDRESS] }));
    expect(await find('hooks.example')).toEqual([ADDRESS]);
  });

  it('in the hosts file first, which is read again when it changes', async () => {
    await writeFile(hostsFile, '10.0.0.1 Postgres db # the database\nnonsense x\n::7 db\n');
    const { find, asked } = await start(() => ({ addresses: [ADDRESS] }));
    expect([await find('postgres'), await find('db.')]).toEqual([['10.0.0.1'], ['10.0.0.1', '::7']]);
    expect(asked).toEqual([]);
    await writeFile(hostsFile, '10.0.0.22 postgres\n');
    time += 1_000;
    expect(await find('postgres')).toEqual(['10.0.0.22']);
    await rm(hostsFile);
    time += 1_000;
    expect(await find('postgres')).toEqual([ADDRESS]);
  });

  it('on this machine if they are called localhost', async () => {
    const { find } = await start(() => ({ addresses: [ADDRESS] }));
    expect([await find('localhost'), await find('x.localhost')]).toEqual([
      ['127.0.0.1', '::1'],
      ['127.0.0.1', '::1'],
    ]);
  });

  it('in the search domains, as resolv.conf says', async () => {
    const known = new Set(['receiver.team.svc.cluster.local', 'receiver.team', 'hooks.example.com']);
    await writeFile(
      resolvConf,
      'domain old.example\nsearch svc.cluster.local cluster.local. ; x\noptions ndots:2 rotate\n',
    );
    const { find, asked } = await start(({ name }) =>
      known.has(name) ? { addresses: [ADDRESS] } : { code: 3 },
    );
    const fullNames = async (name: string) => {
      asked.length = 0;
      await find(name).catch(() => undefined);
      return asked.filter((question) => question.endsWith(' A')).map((question) => question.slice(0, -2));
    };
    expect(await fullNames('receiver.team')).toEqual(['receiver.team.svc.cluster.local']);
    expect(await fullNames('receiver.team.')).toEqual(['receiver.team']);
    expect(await fullNames('hooks.example.com')).toEqual(['hooks.example.com']);
    const searched = ['unknown.svc.cluster.local', 'unknown.cluster.local', 'unknown'];
    expect(await fullNames('unknown')).toEqual(searched);
  });

  it('by the next server if one refuses, fails, talks nonsense or is silent', async () => {
    const failing: Answering[] = [
      () => ({ code: 5 }),
      () => ({ code: 2 }),
      () => Buffer.from('garbage'),
      () => null,
    ];
    const { find } = await start(...failing, () => ({ addresses: [ADDRESS] }));
    expect(await find('hooks.example')).toEqual([ADDRESS]);
  });

  it('by TCP if the answer is cut off, and only some of very many addresses count', async () => {
    const addresses = Array.from({ length: 200 }, (_, index) => `192.0.2.${index}`);
    const { find } = await start(() => ({ addresses, isTruncated: true }));
    const found = await find('many.example');
    expect([found.length, addresses.includes(found[0] ?? '')]).toEqual([16, true]);
  });

  it.each<[string, Answering]>([
    ['there is no such name', () => ({ code: 3 })],
    ['it has no address', () => ({})],
  ])('and count as not found if %s', async (_why, answer) => {
    const { find } = await start(answer);
    await expect(find('hooks.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it.each<[string, Answering]>([
    ['the server fails', () => ({ code: 2 })],
    ['the server refuses', () => ({ code: 5 })],
    ['the server answers with garbage', () => Buffer.from('not an answer at all')],
    ['the server fails for one of its full names', ({ name }) => ({ code: name.endsWith('.team') ? 2 : 3 })],
  ])('and stay unknown if %s', async (_why, answer) => {
    await writeFile(resolvConf, 'search team other\n');
    const { find } = await start(answer);
    await expect(find('hooks')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  });

  it('and stay unknown if no name server listens', async () => {
    const { find } = await start(() => null);
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await expect(find('hooks.example')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  });

  it.each<[string, Answering]>([
    ['answers with nothing', () => Buffer.alloc(0)],
    ['never answers', () => null],
  ])('for at most five seconds if the server %s', async (_how, answer) => {
    const { find } = await start(answer);
    const begin = performance.now();
    await expect(find('hooks.example')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expectWithin(performance.now() - begin, 6_000);
  });

  it.each([
    ['254 characters', 'x.'.repeat(127)],
    ['64 characters between dots', 'x'.repeat(64)],
    ['nothing between dots', 'a..b'],
  ])('never if they have %s', async (_what, name) => {
    const { find, asked } = await start(() => ({ addresses: [ADDRESS] }));
    await expect(find(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(asked).toEqual([]);
  });

  it('again after the time that the answer gave, within bounds', async () => {
    const { find, countAsked } = await start(({ name }) => ({
      addresses: [ADDRESS],
      ttl: Number(name.split('.')[0]),
    }));
    const isAskedAfter = async (name: string, waitMs: number) => {
      const before = countAsked(name);
      time += waitMs;
      await find(name);
      return countAsked(name) > before;
    };
    for (const [name, validMs] of [
      ['60.example', 60_000],
      ['0.example', 1_000],
      ['86400.example', 300_000],
    ] as const) {
      await find(name);
      expect([name, await isAskedAfter(name, validMs - 1)]).toEqual([name, false]);
      expect([name, await isAskedAfter(name, 1)]).toEqual([name, true]);
    }
  });

  it('again two seconds after a failure, whatever is asked in the meantime', async () => {
    let code = 3;
    const { find, countAsked } = await start(() => ({ code, addresses: code === 0 ? [ADDRESS] : [] }));
    await expect(find('late.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    code = 0;
    time += 1_999;
    await expect(find('late.example', { tenant: 'b' })).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(countAsked('late.example')).toBe(1);
    time += 1;
    expect(await find('late.example')).toEqual([ADDRESS]);
  });

  it('once for a thousand callers', async () => {
    const { find, asked } = await start(() => ({ addresses: [ADDRESS] }));
    await Promise.all(Array.from({ length: 1_000 }, () => find('hooks.example')));
    expect(asked.sort()).toEqual(['hooks.example A', 'hooks.example AAAA']);
  });

  it('until the last caller leaves: then no server is asked any more, and the place is free', async () => {
    const { find, asked, countAsked } = await start(silentAbout((name) => name.startsWith('slow')));
    const [first, second] = [new AbortController(), new AbortController()];
    const both = [first, second].map(({ signal }) => find('slow.example', { signal }));
    await eventually(() => countAsked('slow.example') > 0);
    first.abort(new Error('the first leaves'));
    await expect(both[0]).rejects.toThrow('the first leaves');
    // The question goes on for the second caller: it is sent again.
    await eventually(() => countAsked('slow.example') > 1);
    second.abort(new Error('the second leaves'));
    await expect(both[1]).rejects.toThrow('the second leaves');
    const before = asked.length;
    // Another look-up takes longer than the wait before a question is sent again.
    await expect(find('slow-too.example')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(asked.slice(before).filter((question) => question.startsWith('slow.'))).toEqual([]);
  });

  it('never, if the caller has left before', async () => {
    const { find, asked } = await start(() => ({ addresses: [ADDRESS] }));
    await expect(find('hooks.example', { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow(
      'gone',
    );
    expect(asked).toEqual([]);
  });

  it.each([40, 400, 1_000])(
    'at once while %i names of another tenant are never answered. The system itself looks up at once, too',
    async (count) => {
      const { find, asked } = await start(silentAbout((name) => name.startsWith('slow')));
      const controller = new AbortController();
      const slow = Array.from({ length: count }, (_, index) =>
        find(`slow${index}.example`, { tenant: 'a', signal: controller.signal }),
      );
      slow.push(find('shared.example', { tenant: 'a', signal: controller.signal }));
      await eventually(() => asked.length >= 8);
      const begin = performance.now();
      expect(await find('quick.example', { tenant: 'b' })).toEqual([ADDRESS]);
      // The other tenant has it in its line.
      expect(await find('shared.example', { tenant: 'b' })).toEqual([ADDRESS]);
      await systemLookup('localhost');
      expectWithin(performance.now() - begin, 500);
      // Only as many names as a tenant has places were asked for.
      expect(new Set(asked.filter((question) => question.startsWith('slow'))).size).toBe(16);
      controller.abort(new Error('enough'));
      const ended = await Promise.allSettled(slow);
      expect(ended.every(({ status }) => status === 'rejected')).toBe(true);
      expect(await find('quick-too.example', { tenant: 'a' })).toEqual([ADDRESS]);
    },
  );

  it('in bounded memory, however many there are', async () => {
    const addresses = Array.from({ length: 16 }, (_, index) => [
      `192.0.2.${index}`,
      `2001:db8:0:0:0:0:0:${index}`,
    ]);
    const { find, countAsked } = await start(() => ({ addresses: addresses.flat() }));
    const names = Array.from({ length: 2_000 }, (_, index) => `${index}.${'x'.repeat(60)}.example`);
    await Promise.all(names.map((name) => find(name)));
    const [oldest = '', newest = ''] = [names[0], names.at(-1)];
    await find(newest);
    await find(oldest);
    // The newest is still known. The oldest made room.
    expect([countAsked(newest), countAsked(oldest)]).toEqual([1, 2]);
  });
});
