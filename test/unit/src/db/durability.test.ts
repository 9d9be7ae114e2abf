import { describe, expect, it } from 'vitest';
import { describeDurabilityFault } from '../../../../src/db/durability.ts';

const SAFE = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' } as const;

function judge(changed: Partial<Record<keyof typeof SAFE, string>>): string | null {
  const settings = { ...SAFE, ...changed };
  const names = Object.keys(settings) as (keyof typeof SAFE)[];
  return describeDurabilityFault(names.map((name) => ({ name, setting: settings[name] })));
}

describe('the durability check', () => {
  it.each(['on', 'local', 'remote_write', 'remote_apply'])('accepts synchronous_commit = %s', (setting) => {
    expect(judge({ synchronous_commit: setting })).toBeNull();
  });

  it.each(Object.keys(SAFE))('refuses %s = off, and says what can be lost and how to set it', (name) => {
    const fault = judge({ [name]: 'off' });
    expect(fault).toMatch(new RegExp(`${name} is off\\..*(lose|lost).*Set ${name} = on`));
  });

  it('names every setting at fault in one message', () => {
    const fault = judge({ fsync: 'off', full_page_writes: 'off' });
    expect(fault).toMatch(/fsync is off[\s\S]*full_page_writes is off/);
    expect(fault).not.toContain('synchronous_commit');
  });
});
