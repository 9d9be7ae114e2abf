import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../../src/config.ts';

describe('readConfig', () => {
  it('has defaults for one machine', () => {
    const config = readConfig({});
    expect(config).toMatchObject({ HOST: '127.0.0.1', PORT: 8000, STEP_EXECUTION: 'local' });
    expect(config.assetRoots).toEqual([`${process.cwd()}/assets`]);
    expect(config.temporal.namespace).toBe('default');
  });

  it('takes an empty variable for one not given', () => {
    expect(readConfig({ PORT: '', ASSET_ROOTS: '' }).PORT).toBe(8000);
  });

  it('resolves asset roots against the base', () => {
    expect(readConfig({ ASSET_BASE: '/data', ASSET_ROOTS: 'a:/b' }).assetRoots).toEqual(['/data/a', '/b']);
  });

  it('names every wrong variable, never its value', () => {
    const read = () => readConfig({ PORT: 'eighty', DATABASE_URL: 'mysql://root:hunter2@db' });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/PORT[\s\S]*DATABASE_URL/);
    expect(read).not.toThrow(/hunter2/);
  });
});
