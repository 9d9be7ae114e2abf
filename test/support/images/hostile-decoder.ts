import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { configureDecoder, createDecode } from '../../../src/image/decode.ts';
import { serveDecoder } from '../../../src/image/decoder/serve.ts';

/**
 * A decoder with holes. The comment of a JPEG can make it loop, hang, eat memory, die, fail or answer nonsense. It decodes every
 * other image as usual.
 */
configureDecoder();
const decode = createDecode();
serveDecoder(async (bytes, format, input) => {
  const holes: Record<string, () => unknown> = {
    loop() {
      for (;;) process.title = 'looping';
    },
    hang() {
      process.title = 'hanging';
      return new Promise(() => setInterval(() => undefined, 1_000));
    },
    bloat() {
      const kept: Buffer[] = [];
      for (;;) kept.push(Buffer.alloc(16 * 1024 * 1024, 1));
    },
    heap() {
      const kept: object[] = [];
      for (;;) kept.push({ kept: kept.length });
    },
    die: () => process.kill(process.pid, 'SIGSEGV'),
    fail() {
      throw new Error('a fault of ours');
    },
    babble: () => process.stdout.write('{"type":"done","facts":{"format":"HOSTILE"},"residentBytes":1}\n'),
    // Two answers in one write. The second is meant for the next image.
    echo() {
      process.stdout.write(LIE + LIE);
      return new Promise(() => undefined);
    },
    // An answer that comes after the real one.
    late: () => void setTimeout(() => process.stdout.write(LIE), 50),
    flood() {
      process.stdout.write('x'.repeat(100_000));
      return new Promise(() => undefined);
    },
  };
  const kind = /hostile:(\w+)/.exec(bytes.toString('latin1', 0, 100))?.[1] ?? 'none';
  if (kind === 'peek') return { integrity: { state: 'damaged', reason: peek() } };
  await holes[kind]?.();
  return decode(bytes, format, input);
});

const HEX = '0'.repeat(64);
const LIE = `{"type":"done","residentBytes":1,"facts":{"format":"JPEG","width":1,"height":1,"bytes":1,"sha256":"${HEX}","integrity":{"state":"intact"}}}\n`;

/** Reads what a file could see that has taken over its decoder. */
function peek(): string {
  const attempt = (work: () => unknown) => {
    try {
      work();
      return 'allowed';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  };
  return JSON.stringify({
    files: attempt(() => readFileSync('package.json')),
    worker: attempt(() => readFileSync(`/proc/${process.ppid}/environ`)),
    processes: attempt(() => process.getBuiltinModule('child_process').spawnSync('true')),
    // An answer has little room. Those of the allocator are known.
    environment: Object.keys(process.env).filter((name) => !name.startsWith('MALLOC_')),
    priority: getPriority(),
  });
}
