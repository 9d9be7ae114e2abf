import { createHash } from 'node:crypto';
import { copyFile, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Enough for every kind below. A table of this length is submitted and judged within a minute. */
const COUNT = 2_000;

const ROCKET = fileURLToPath(new URL('../../assets/rocket.jpg', import.meta.url));

/** A directory of assets, with valid JPEGs around it that no request may reach. One that is reached becomes `complete`. */
export interface Trap {
  readonly dir: string;
  /** The value for `ASSET_BASE`. */
  readonly base: string;
  /** The value for `ASSET_ROOTS`: `<base>/assets`. The files in it are no images. */
  readonly root: string;
  /** A hash of everything outside the root: names, kinds, modes and contents. */
  hashOfOutside(): Promise<string>;
  remove(): Promise<void>;
}

/** Links inside the root that lead out of it, in circles, or nowhere. */
const linksOf = (dir: string): Record<string, string> => ({
  'file.jpg': '../secret.jpg',
  'far.jpg': '../../secret.jpg',
  'absolute.jpg': `${dir}/secret.jpg`,
  up: '..',
  'up-up': '../..',
  'sub/up': '../..',
  'sub/file.jpg': '../../secret.jpg',
  slash: '/',
  dir: '../assets-secret',
  'proc-root': '/proc/self/root',
  'proc-cwd': '/proc/self/cwd',
  'proc-fd': '/proc/self/fd',
  'loop-a': 'loop-b',
  'loop-b': 'loop-a',
  self: 'self',
  'loop-dir': 'loop-dir/loop-dir',
  dangling: '../no-such-file.jpg',
  'through-link.jpg': 'up/secret.jpg',
  ...Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`chain-${index}`, `chain-${index + 1}`])),
  'chain-9': '../secret.jpg',
  ...Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`long-${index}`, `long-${index + 1}`])),
  'long-50': '../secret.jpg',
});

export async function setTrap(): Promise<Trap> {
  const dir = await mkdtemp(join(tmpdir(), 'validatr-trap-'));
  const base = join(dir, 'base');
  const root = join(base, 'assets');
  await mkdir(join(root, 'sub'), { recursive: true });
  for (const path of ['inside.jpg', 'sub/inside.jpg'])
    await writeFile(join(root, path), 'inside, and no image');
  for (const sibling of ['assets-secret', 'assets.', 'assets ', 'ASSETS', 'asset', 'assetsx', 'assets\\..'])
    await mkdir(join(base, sibling));
  for (const path of [
    'secret.jpg',
    'base/secret.jpg',
    ...['assets-secret', 'assets.', 'assets ', 'ASSETS', 'asset', 'assetsx', 'assets\\..'].map(
      (sibling) => `base/${sibling}/secret.jpg`,
    ),
  ])
    await copyFile(ROCKET, join(dir, path));
  for (const [name, target] of Object.entries(linksOf(dir))) await symlink(target, join(root, name));

  async function hashOfOutside(): Promise<string> {
    const hash = createHash('sha256');
    // `readdir` with `recursive` is no choice, because it follows links.
    async function add(path: string): Promise<void> {
      if (path === root) return;
      const entry = await lstat(path);
      const { mode, size, mtimeMs, ino } = entry;
      hash.update(JSON.stringify([path, mode, size, mtimeMs, ino]));
      if (entry.isFile()) hash.update(await readFile(path));
      if (entry.isDirectory()) for (const name of (await readdir(path)).sort()) await add(join(path, name));
    }
    await add(dir);
    return hash.digest('hex');
  }

  return { dir, base, root, hashOfOutside, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** Texts that may stand for `/`, `..`, and the beginning and end of a path. The system knows only the first few. */
const SEPARATORS = [
  '/',
  '//',
  '/./',
  '///./',
  '\\',
  '\\/',
  '%2f',
  '%2F',
  '%5c',
  '%252f',
  '%25252f',
  '%c0%af',
  '%e0%80%af',
];
const ODD_SEPARATORS = [
  'À¯',
  'à\u0080¯',
  '\u2215',
  '\u2044',
  '\uff0f',
  '%u2215',
  '\\u002f',
  ';/',
  '\t/',
  '/\u200b',
  '&#47;',
];
const DOTS = ['..', '%2e%2e', '.%2E', '%252e%252e', '%c0%ae%c0%ae', '%uff0e%uff0e'];
const ODD_DOTS = [
  '\u2024\u2024',
  '\uff0e\uff0e',
  '\u2025',
  'À®À®',
  '.\u200b.',
  '.. ',
  ' ..',
  '...',
  '....',
  '..;',
  '.\\.',
  '.\0.',
  '..\u0001',
];
const STARTS = ['assets/', './assets/', 'assets/sub/', '', 'assets//sub/./'];
const TAILS = [
  '/',
  '/.',
  '/..',
  '.',
  ' ',
  '\0',
  '\0.jpg',
  '%00',
  '%00.jpg',
  '::$DATA',
  '?.jpg',
  '#.jpg',
  '~',
  ';.jpg',
  '\n',
  '\r\n',
  '\t',
  '\u007f',
  '\u202e',
  '\u0301',
];

/** Paths that people write to get out of a directory. Always the same for one trap. `cwd` is that of the opening process. */
export function traversals({ dir, base, root }: Trap, cwd: string): string[] {
  const found = new Set<string>();
  const add = (...paths: string[]) => paths.forEach((path) => found.add(path));
  const secrets = [
    `${dir}/secret.jpg`,
    `${base}/secret.jpg`,
    ...['assets-secret', 'assets.', 'assets ', 'ASSETS', 'asset', 'assetsx', 'assets\\..'].map(
      (sibling) => `${base}/${sibling}/secret.jpg`,
    ),
  ];

  // Absolute and relative paths, also behind schemes and other roots.
  for (const secret of secrets) {
    const steps = relative(root, secret);
    add(
      secret,
      `/${secret}`,
      `//${secret}`,
      `/.${secret}`,
      `${secret}/`,
      `file://${secret}`,
      `file:${secret}`,
      `\\\\?\\${secret}`,
    );
    add(
      relative(base, secret),
      `./${relative(base, secret)}`,
      `assets/${steps}`,
      `${root}/${steps}`,
      `assets/sub/../${steps}`,
    );
    add(
      `assets/missing/../${steps}`,
      `assets/inside.jpg/../${steps}`,
      `~/${steps}`,
      `$PWD/${steps}`,
      `C:${secret}`,
    );
    for (const proc of ['/proc/self', '/proc/thread-self', '/proc/1', '/proc/self/task/1', '/./proc//self'])
      add(`${proc}/root${secret}`, `${proc}/root/.${secret}`, `${proc}/cwd/${relative(cwd, secret)}`);
    for (const tail of TAILS) add(`assets/${steps}${tail}`, `${secret}${tail}`);
    add(encodeURIComponent(secret), encodeURIComponent(`assets/${steps}`), secret.toUpperCase());
  }
  for (let fd = 0; fd < 64; fd += 1) add(`/proc/self/fd/${fd}`, `/dev/fd/${fd}`, `assets/proc-fd/${fd}`);
  add(
    '/dev/stdin',
    '/dev/zero',
    '/dev/random',
    '/proc/self/environ',
    '/proc/self/mem',
    '/proc/self/exe',
    '/etc/passwd',
  );
  add(
    '',
    '.',
    '..',
    '/',
    '\\',
    '\0',
    '%',
    'assets',
    'assets/',
    'assets/.',
    'assets/..',
    root,
    `${root}/`,
    base,
    dir,
  );

  // Links.
  for (const name of Object.keys(linksOf(dir)))
    for (const rest of ['', '/', '/.', '/secret.jpg', '//secret.jpg', '/../secret.jpg', '/base/secret.jpg'])
      add(`assets/${name}${rest}`, `${root}/./${name}${rest}`);
  for (const name of ['slash', 'proc-root']) for (const secret of secrets) add(`assets/${name}${secret}`);
  for (const secret of secrets) add(`assets/proc-cwd/${relative(cwd, secret)}`);

  // Long paths, up to the system's limit and beyond it.
  for (const length of [100, 500, 1_000, 1_300, 4_000]) {
    add(`assets/${'./'.repeat(length)}../secret.jpg`, `assets/${'/'.repeat(length)}../secret.jpg`);
    add(
      `assets/${'sub/../'.repeat(length / 4)}../secret.jpg`,
      `assets/${'../'.repeat(length)}${dir.slice(1)}/secret.jpg`,
    );
    add(`assets/${'x'.repeat(length)}/../../secret.jpg`, `${'assets/../'.repeat(length / 10)}secret.jpg`);
  }

  // Chains of steps up: all that the system itself understands, then as many others as there is room for.
  const chain = (start: string, dots: string, separator: string, depth: number) =>
    start + (dots + separator).repeat(depth) + 'secret.jpg';
  const depths = [1, 2, 3, 4];
  for (const start of STARTS)
    for (const separator of SEPARATORS.slice(0, 4))
      for (const depth of depths) add(chain(start, '..', separator, depth));
  const others: string[] = [];
  for (const separator of [...SEPARATORS, ...ODD_SEPARATORS])
    for (const dots of [...DOTS, ...ODD_DOTS])
      for (const depth of depths)
        for (const start of STARTS) others.push(chain(start, dots, separator, depth));
  // The step shares no factor with their number, so it visits all of them, with the kinds mixed.
  for (let index = 0; found.size < COUNT; index = (index + 1_009) % others.length) add(others[index] ?? '');
  return [...found].slice(0, COUNT);
}
