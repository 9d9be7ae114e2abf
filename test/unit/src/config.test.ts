import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../../src/config.ts';

describe('readConfig', () => {
  it('has defaults for one machine', () => {
    const config = readConfig({});
    expect(config).toMatchObject({ HOST: '127.0.0.1', PORT: 8000, STEP_EXECUTION: 'local' });
    expect(config.assetRoots).toEqual([`${process.cwd()}/assets`]);
    expect(config.temporal.namespace).toBe('default');
  });

  it('takes an empty variable as not set', () => {
    expect(readConfig({ PORT: '', ASSET_ROOTS: '' }).PORT).toBe(8000);
  });

  it('resolves asset roots against the base', () => {
    expect(readConfig({ ASSET_BASE: '/data', ASSET_ROOTS: 'a:/b' }).assetRoots).toEqual(['/data/a', '/b']);
  });

  it('takes addresses, CIDR blocks and `loopback` for proxies to trust, and nobody by default', () => {
    expect(readConfig({}).TRUST_PROXY).toEqual([]);
    const given = 'loopback, 10.0.0.0/8,192.0.2.7,2001:db8::/32';
    expect(readConfig({ TRUST_PROXY: given }).TRUST_PROXY).toEqual([
      'loopback',
      '10.0.0.0/8',
      '192.0.2.7',
      '2001:db8::/32',
    ]);
  });

  it.each(['true', 'yes', '1', 'loopback,2', '*', '0.0.0.0/0', '::/0'])(
    'does not trust everyone or a number of hops as proxies: %s',
    (given) => {
      expect(() => readConfig({ TRUST_PROXY: given })).toThrow(/TRUST_PROXY must not .*choose the address/);
    },
  );

  it.each(['proxy.example', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0/8', 'Loopback', 'uniquelocal', 'false'])(
    'does not take %s for a proxy',
    (given) => {
      expect(() => readConfig({ TRUST_PROXY: given })).toThrow(/TRUST_PROXY must be a list/);
    },
  );

  it('takes addresses with a port or without for name servers, and nothing else', () => {
    const given = '192.0.2.7, 192.0.2.7:5353,2001:db8::1,[2001:db8::1],[2001:db8::1]:53';
    expect(readConfig({ DNS_SERVERS: given }).DNS_SERVERS).toHaveLength(5);
    for (const wrong of ['dns.example', '192.0.2.7:', '192.0.2.7:70000', '[192.0.2.7]', '[::1', '10.0.0.0/8'])
      expect(() => readConfig({ DNS_SERVERS: wrong })).toThrow(/DNS_SERVERS must be a list/);
  });

  it('names every wrong variable, never its value', () => {
    const read = () => readConfig({ PORT: 'eighty', DATABASE_URL: 'mysql://root:hunter2@db' });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/PORT[\s\S]*DATABASE_URL/);
    expect(read).not.toThrow(/hunter2/);
  });

  it.each([
    ['PORT', 'eighty', 'PORT must be a number'],
    ['PORT', '70000', 'PORT must be a whole number from 1 to 65535'],
    ['POSTGRES_PORT', '54.5', 'POSTGRES_PORT must be a whole number from 1 to 65535'],
    ['BACKLOG_MAX', '0', 'BACKLOG_MAX must be a whole number of at least 1'],
    ['AUTH', 'none', 'AUTH must be keys or disabled'],
    ['READYZ_REQUIRES_WORKER', 'true', 'READYZ_REQUIRES_WORKER must be yes or no'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be fatal, error, warn, info, debug, trace or silent'],
    [
      'DATABASE_URL',
      'mysql://db',
      'DATABASE_URL must be a URL that begins with postgres:// or postgresql://',
    ],
  ])('says in a sentence what is wrong with %s=%s', (name, value, sentence) => {
    expect(() => readConfig({ [name]: value })).toThrow(new RegExp(`^  ${sentence}$`, 'm'));
  });
});
