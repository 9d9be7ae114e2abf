import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loopbackEnvironment } from '../../src/dev/our-programs.ts';
import { freePort } from '../../src/dev/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { expectWithin } from '../support/machine-pace.ts';
import { SILENT_DOMAIN, type SilentNames, startSilentNames } from '../support/stand-ins/silent-names.ts';
import { startProgram } from '../support/stack.ts';

/** A look-up then takes 150 s. Three servers and four search domains take as long. */
const SLOW = 'timeout:30 attempts:5';

const canChooseNames = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!canChooseNames)('while DNS does not answer (skipped without root)', () => {
  let names: SilentNames;
  beforeAll(async () => {
    names = await startSilentNames(SLOW);
  });
  afterAll(() => names?.close());

  it.each([
    ['api', 'listening'],
    ['worker', 'webhooks and assets may reach'],
  ] as const)('the %s that is told to stop ends in time, with code 0', async (name, line) => {
    const postgres = `${name}-postgres.${SILENT_DOMAIN}`;
    const env = loopbackEnvironment({
      databaseUrl: `postgres://somebody@${postgres}:5432/validatr`,
      temporalAddress: `${name}-temporal.${SILENT_DOMAIN}:7233`,
      port: await freePort(),
    });
    const program = startProgram(name, env, names.within);
    const isLookingUp = () => names.unanswered.has(postgres) && program.output().includes(line);
    await eventually(isLookingUp, { what: 'a look-up' });
    const begin = performance.now();
    program.signal('SIGTERM');
    expect(await program.ended()).toBe(0);
    expectWithin(performance.now() - begin, 35_000);
  });

  it('an API that cannot listen ends in time, with its own code', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const postgres = `taken-postgres.${SILENT_DOMAIN}`;
    const env = loopbackEnvironment({
      databaseUrl: `postgres://somebody@${postgres}:5432/validatr`,
      temporalAddress: `taken-temporal.${SILENT_DOMAIN}:7233`,
      port: (holder.address() as AddressInfo).port,
    });
    const begin = performance.now();
    const program = startProgram('api', env, names.within);
    expect(await program.ended()).toBe(2);
    expectWithin(performance.now() - begin, 35_000);
    expect(names.unanswered.has(postgres)).toBe(true);
    expect(program.output()).toContain('EADDRINUSE');
    holder.close();
  });
});
