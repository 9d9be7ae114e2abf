import { execFileSync } from 'node:child_process';

/** What may be used and passed on with our own MIT licence for no more than a notice. */
const ALLOWED = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
  'Python-2.0',
  'Unlicense',
  'CC0-1.0',
]);

const LIBVIPS = 'LGPL-3.0-or-later';

/** Packages whose licence is not among these, as they state it, and why they may be used all the same. */
const EXCEPTIONS: {
  readonly name: RegExp;
  readonly license: string | undefined;
  readonly because: string;
}[] = [
  {
    name: /^@img\/sharp-libvips-[\w-]+$/,
    license: LIBVIPS,
    because:
      'libvips as a shared library of its own, loaded by sharp and replaceable: what the LGPL asks for',
  },
  {
    name: /^@img\/sharp-win32-[\w-]+$/,
    license: `Apache-2.0 AND ${LIBVIPS}`,
    because: 'the same, its DLLs packed with the binding; not in our image',
  },
  {
    name: /^@img\/sharp-wasm32$/,
    license: `Apache-2.0 AND ${LIBVIPS} AND MIT`,
    because: 'sharp for platforms without a binary; never installed where there is one',
  },
  {
    name: /^caniuse-lite$/,
    license: 'CC-BY-4.0',
    because:
      'data on browsers that webpack reads while workflows are bundled; nothing of it gets into the bundle',
  },
  {
    name: /^unionfs$/,
    license: undefined,
    because: 'its LICENSE is the Unlicense; package.json does not say so',
  },
];

/** Fewer would mean that npm was asked the wrong question: then everything passes, and nothing is checked. */
const LEAST_PACKAGES = 50;

interface Package {
  readonly name: string;
  readonly version: string;
  /** Where it lies; empty for the project itself. */
  readonly location: string;
  readonly license?: string;
}

/** `A AND B` needs both, `A OR B` one. Parentheses inside are not read: what has them is not allowed, and gets a line above. */
function isAllowed(license: string | undefined): boolean {
  return (license ?? '')
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((part) => ALLOWED.has(part)));
}

// Of the lock file: what other platforms install is passed on too. Not `:not(.dev)`: that leaves out what tools need as well.
const answer = execFileSync('npm', ['query', '.prod', '--package-lock-only'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
const packages = (JSON.parse(answer) as Package[]).filter(({ location }) => location !== '');
const isExcepted = ({ name, license }: Package) =>
  EXCEPTIONS.some((exception) => exception.name.test(name) && exception.license === license);
const refused = packages.filter((one) => !isAllowed(one.license) && !isExcepted(one));

for (const { name, version, license = 'none stated' } of refused)
  process.stderr.write(`${name}@${version}: ${license} is no licence that we allow\n`);
if (packages.length < LEAST_PACKAGES) {
  process.stderr.write(`Only ${packages.length} packages were looked at.\n`);
  process.exit(1);
}
process.stdout.write(`${packages.length} packages, ${refused.length} with a licence that is not allowed\n`);
process.exit(refused.length === 0 ? 0 : 1);
