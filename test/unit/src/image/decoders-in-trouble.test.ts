import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';

// Processes start and die here, on machines that may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const run = promisify(execFile);

describe('a worker without file descriptors', () => {
  it('has trouble that is tried again, and decodes when there are some: no place is lost', async () => {
    const poolUrl = new URL('../../../../src/image/decoder-pool.ts', import.meta.url).href;
    // Two places, three tries: none may cost one.
    const code = `
      import { closeSync, openSync } from 'node:fs';
      import { open } from 'node:fs/promises';
      import { setTimeout } from 'node:timers/promises';
      import { createDecoderPool } from '${poolUrl}';
      const pool = createDecoderPool({ processes: 2, onEnd: ({ stderr }) => ends.push(stderr) });
      const ends = [];
      const handle = await open('assets/rocket.jpg');
      const { size } = await handle.stat();
      const inspect = () => pool.inspectImage({ handle, bytes: size }).then(({ integrity }) => integrity.state, ({ code }) => code);
      const taken = [];
      try { for (;;) taken.push(openSync('/dev/null')); } catch {}
      const without = [await inspect(), await inspect(), await inspect()];
      for (const descriptor of taken) closeSync(descriptor);
      const deadline = setTimeout(20_000, 'never');
      let withSome;
      do withSome = await Promise.race([inspect(), deadline]);
      while (withSome === 'decoder_unavailable' && (await setTimeout(50)) === undefined);
      process.stdout.write(JSON.stringify({ without, withSome, ends }));
      process.exit();`;
    const { stdout } = await run('/bin/sh', [
      '-c',
      'ulimit -n 60; exec "$0" "$@"',
      process.execPath,
      '--input-type=module',
      '--eval',
      code,
    ]);
    expect(JSON.parse(stdout)).toEqual({
      without: ['decoder_unavailable', 'decoder_unavailable', 'decoder_unavailable'],
      withSome: 'intact',
      ends: ['No file descriptors for the pipes of a decoder'],
    });
  });
});
