import { execFileSync } from 'node:child_process';

/** Licences whose packages may be used and passed on with our own MIT licence, if their notice is kept. */
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

/** Packages with another licence, as they state it, and the reason why they may be used. */
const EXCEPTIONS: {
  readonly name: RegExp;
  readonly license: string | undefined;
  readonly because: string;
}[] = [
  {
    name: /^@img\/sharp-libvips-[\w-]+$/,
    license: LIBVIPS,
    because: 'sharp loads libvips as a shared library that users can replace, as the LGPL asks',
  },
  {
    name: /^@img\/sharp-win32-[\w-]+$/,
    license: `Apache-2.0 AND ${LIBVIPS}`,
    because: 'the same, with its DLLs in the package of the binding; it is not in our image',
  },
  {
    name: /^@img\/sharp-wasm32$/,
    license: `Apache-2.0 AND ${LIBVIPS} AND MIT`,
    because: 'sharp for platforms without a binary; npm installs it only there',
  },
  {
    name: /^caniuse-lite$/,
    license: 'CC-BY-4.0',
    because: 'webpack reads its data on browsers while it bundles workflows; none of it gets into the bundle',
  },
  {
    name: /^unionfs$/,
    license: undefined,
    because: 'its LICENSE is the Unlicense; package.json does not say so',
  },
];

/** With fewer packages, npm was asked the wrong question. Then every package passes and nothing is checked. */
const LEAST_PACKAGES = 50;

interface Package {
  readonly name: string;
  readonly version: string;
  /** Its folder; empty for the project itself. */
  readonly location: string;
  readonly license?: string;
}

/** `A AND B` needs both, `A OR B` one. Parentheses are not read. A licence with them is refused, and needs an exception above. */
function isAllowed(license: string | undefined): boolean {
  return (license ?? '')
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((part) => ALLOWED.has(part)));
}

// From the lock file, because packages for other platforms are passed on too. `:not(.dev)` would leave out packages that tools
// also need.
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
