import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openProfiles, type Profiles } from '../../../../src/sources/profiles.ts';

/** Stands at every place of a value. No message may hold it. */
const SECRET = 'S3CR3T/value';

const s3 = {
  kind: 's3',
  credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
  tenants: ['*'],
  buckets: ['*'],
};
const gcs = { kind: 'gcs', credentials: { anonymous: true }, tenants: ['*'], buckets: ['*'] };
const azure = { kind: 'azure', credentials: { account: 'a', key: 'a2V5' }, tenants: ['*'], buckets: ['*'] };

let dir = '';
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'validatr-profiles-'))));
afterAll(() => rm(dir, { recursive: true }));

async function openText(text: string, env: Record<string, string> = {}): Promise<Profiles> {
  const path = join(dir, 'sources.yaml');
  await writeFile(path, text);
  return openProfiles(path, env);
}

const open = (profiles: object, env?: Record<string, string>) => openText(JSON.stringify({ profiles }), env);

async function messageOf(opening: Promise<Profiles>): Promise<string> {
  const message = await opening.then(
    () => '',
    (error: Error) => error.message,
  );
  expect(message).not.toContain(SECRET);
  return message;
}

describe('a sources file that is not usable', () => {
  const S3_FORMS = 'must be { accessKeyId, secretAccessKey, sessionToken? }, { env } or { from: default }';
  const GCS_FORMS = 'must be { keyFile }, { from: default } or { anonymous: true }';
  const AZURE_FORMS = 'must be { account, key }, { connectionString } or { from: default, account? }';

  it.each<[string, object, string]>([
    ['kind', { ...s3, kind: SECRET }, 'profiles.p.kind: must be of kind s3, gcs or azure'],
    ['tenants', { ...s3, tenants: [] }, 'profiles.p.tenants: must be a list with one text at least'],
    ['buckets', { ...s3, buckets: SECRET }, 'profiles.p.buckets: must be a list with one text at least'],
    ['endpoint', { ...s3, endpoint: SECRET }, 'profiles.p.endpoint: must be an http(s) URL'],
    ['endpoint', { ...s3, endpoint: `ftp://${SECRET}` }, 'profiles.p.endpoint: must be an http(s) URL'],
    ['no tenants', { ...s3, tenants: [] }, 'profiles.p.tenants: '],
    ['tenants', { ...s3, tenants: SECRET }, 'profiles.p.tenants: '],
    ['no buckets', { ...s3, buckets: undefined }, 'profiles.p.buckets: '],
    ['no prefixes', { ...s3, prefixes: [] }, 'profiles.p.prefixes: '],
    ['path style', { ...s3, forcePathStyle: SECRET }, 'profiles.p.forcePathStyle: '],
    ['keys', { ...s3, credentials: { accessKeyId: SECRET } }, `profiles.p.credentials: ${S3_FORMS}`],
    ['credentials', { ...s3, credentials: SECRET }, `profiles.p.credentials: ${S3_FORMS}`],
    [
      'variables',
      { ...s3, credentials: { env: SECRET } },
      'profiles.p.credentials.env: must be the prefix of variables',
    ],
    [
      'unset variables',
      { ...s3, credentials: { env: 'LAB' } },
      'profiles.p: LAB_ACCESS_KEY_ID and LAB_SECRET_ACCESS_KEY must be set',
    ],
    ['an unknown member', { ...s3, regoin: SECRET }, 'profiles.p: Unrecognized key: "regoin"'],
    ['Google', { ...gcs, credentials: { keyFile: 1, key: SECRET } }, `profiles.p.credentials: ${GCS_FORMS}`],
    ['Azure', { ...azure, credentials: { account: SECRET } }, `profiles.p.credentials: ${AZURE_FORMS}`],
    [
      'Azure key',
      { ...azure, credentials: { account: 'a', key: `!${SECRET}` } },
      'profiles.p.credentials.key: must be in base64',
    ],
    [
      'Azure without an account',
      { ...azure, credentials: { from: 'default' } },
      'profiles.p.credentials: must have an account, because there is no endpoint',
    ],
  ])('says what is wrong with its %s, and no value', async (_, profile, expected) => {
    const message = await messageOf(open({ p: profile }));
    expect(message).toContain(
      'The sources file is not usable. Correct it (SOURCES_FILE, see docs/sources.md):',
    );
    expect(message).toContain(`  ${expected}`.trimEnd());
  });

  it('says that a profile has the name of another kind', async () => {
    expect(await messageOf(open({ s3: gcs }))).toContain('  profiles.s3.kind: must be s3, as the name is');
  });

  it('names every fault at once', async () => {
    const message = await messageOf(
      open({ 'Not A Name': s3, p: { ...s3, endpoint: SECRET, tenants: [] }, q: { ...gcs, kind: SECRET } }),
    );
    for (const place of ['profiles.Not A Name', 'profiles.p.endpoint', 'profiles.p.tenants', 'profiles.q'])
      expect(message).toContain(place);
  });

  it.each([
    ['it is neither JSON nor YAML', `profiles:\n  p: {kind: [${SECRET}`, '(line 2)'],
    ['a name stands twice', `profiles:\n  p: {}\n  p: "${SECRET}"`, '(line 3)'],
    [
      'it has no end',
      `a: &a [${SECRET}]\n${'bcdefghij'.replaceAll(/./g, (name, at: number) => `${name}: &${name} [${`*${'abcdefghi'[at]},`.repeat(9)}]\n`)}`,
      'aliases',
    ],
    ['it is empty', '', 'the file: must be { profiles: … }'],
    ['it is a text', SECRET, 'the file: must be { profiles: … }'],
  ])('says that %s', async (_, text, expected) => {
    expect(await messageOf(openText(text))).toContain(expected);
  });

  it('says that it cannot be read', async () => {
    expect(await messageOf(openProfiles(join(dir, 'missing.yaml'), {}))).toMatch(
      /^The sources file .*missing\.yaml cannot be read \(ENOENT\)\. Correct SOURCES_FILE\.$/,
    );
  });

  it('leaves the profiles as they were when it is read again', async () => {
    const profiles = await open({ s3 });
    let reloads = 0;
    profiles.onReload(() => void (reloads += 1));
    await writeFile(join(dir, 'sources.yaml'), `profiles: { s3: ${SECRET}`);
    const reloading = profiles.reload().then(() => profiles);
    expect(await messageOf(reloading)).toContain('line 1');
    expect(profiles.find('s3', target({}))).toMatchObject({ kind: 's3' });
    expect(reloads).toBe(0);
  });
});

interface Asked {
  readonly tenant?: string;
  readonly profile?: string;
  readonly bucket?: string;
  readonly name?: string;
}

function target({ tenant = 'team-a', profile, bucket = 'photos', name = 'a.jpg' }: Asked) {
  return { tenant, profile, bucket, name };
}

describe('profiles', () => {
  it('may be written as YAML', async () => {
    const text = `profiles:\n  s3:\n    kind: s3\n    credentials: { from: default }\n    tenants: ["*"]\n    buckets: ["team-*"]\n`;
    const profiles = await openText(text);
    expect(profiles.find('s3', target({ bucket: 'team-x' }))).toMatchObject({ kind: 's3' });
  });

  it('take keys from variables', async () => {
    const env = { LAB_ACCESS_KEY_ID: 'id', LAB_SECRET_ACCESS_KEY: 'key', LAB_SESSION_TOKEN: 'token' };
    const profiles = await open({ s3: { ...s3, credentials: { env: 'LAB' } } }, env);
    expect(profiles.find('s3', target({}))).toMatchObject({
      credentials: { accessKeyId: 'id', secretAccessKey: 'key', sessionToken: 'token' },
    });
  });

  it('are none without a file', async () => {
    const profiles = await openProfiles(undefined, {});
    expect(profiles.find('s3', target({}))).toBe('profile_unknown');
  });
});

/** What may not be reached is answered as what does not exist, so nobody learns by us what there is. */
describe.each([
  ['s3', s3],
  ['gcs', gcs],
  ['azure', azure],
] as const)('a tenant and the profiles of kind %s', (kind, profile) => {
  let profiles: Profiles;
  beforeAll(async () => {
    const other = kind === 's3' ? gcs : s3;
    profiles = await open({
      [kind]: {
        ...profile,
        tenants: ['team-*'],
        buckets: ['photos', 'in-*-eu', 'a.b'],
        prefixes: ['in/', 'x'],
      },
      theirs: { ...profile, tenants: ['team-b', '*.c'] },
      other,
    });
  });
  const find = (asked: Asked) => profiles.find(kind, target({ name: 'in/a.jpg', ...asked }));

  it.each([
    {},
    { tenant: 'team-' },
    { profile: kind },
    { bucket: 'in-1-eu' },
    { bucket: 'in--eu' },
    { bucket: 'a.b' },
    { name: 'x' },
    { name: 'in/..a/b..jpg' },
    { tenant: 'team-b', profile: 'theirs', name: 'anything' },
  ])('reaches %j', (asked) => {
    expect(find(asked)).toMatchObject({ kind });
  });

  it.each([
    { profile: 'missing' },
    { profile: 'theirs' },
    { profile: 'other' },
    { tenant: 'tea' },
    { tenant: 'a-team-a' },
    { tenant: '' },
    { tenant: 'xc', profile: 'theirs' },
    { profile: 'constructor' },
    { profile: '__proto__' },
  ])('is told that there is no such profile for %j', (asked) => {
    expect(find(asked)).toBe('profile_unknown');
  });

  it.each([
    { bucket: 'photo' },
    { bucket: 'photos2' },
    { bucket: 'Photos' },
    { bucket: 'in-1-eu2' },
    { bucket: 'axb' },
    { bucket: 'in-1/../secret-eu' },
    { bucket: 'in-1\n-eu' },
    { bucket: '..' },
    { name: 'out/a.jpg' },
    { name: '/in/a.jpg' },
    { name: 'IN/a.jpg' },
    { name: 'in/../out/a.jpg' },
    { name: 'in/..' },
    { name: 'in\\..\\out.jpg' },
    { name: 'in/./a.jpg' },
  ])('is told that there is no such object for %j', (asked) => {
    expect(find(asked)).toBe('not_found');
  });
});
