import { z } from 'zod';
import { listAlternatives } from '../domain/checks/words.ts';
import { LABEL } from '../domain/label.ts';

/** A list of texts with one at least. */
const list = (text: z.ZodString) => {
  const error = 'must be a list with one text at least';
  return z.array(text, { error }).min(1, { error });
};
const pattern = z.string().min(1);
const reach = {
  tenants: list(pattern).describe('Tenants that may use it. `*` stands for any characters.'),
  prefixes: list(z.string()).optional().describe('Beginnings of the names that it reaches.'),
};
const buckets = list(pattern).describe('Buckets that it reaches. `*` stands for any characters.');
const fromDefault = z.strictObject({ from: z.literal('default') });

/** The parser's own message would not say which forms there are. */
const oneOf = (...forms: string[]) => ({ error: `must be ${listAlternatives(forms)}` });
const endpoint = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional();

export const awsKeys = z.strictObject({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1).optional(),
});

const s3 = z.strictObject({
  kind: z.literal('s3'),
  endpoint,
  region: z.string().min(1).optional(),
  forcePathStyle: z.boolean().optional(),
  credentials: z.union(
    [
      awsKeys,
      z.strictObject({
        env: z.string().regex(/^[A-Z][A-Z0-9_]*$/, { error: 'must be the prefix of variables' }),
      }),
      fromDefault,
    ],
    oneOf('{ accessKeyId, secretAccessKey, sessionToken? }', '{ env }', '{ from: default }'),
  ),
  buckets,
  ...reach,
});

const gcs = z.strictObject({
  kind: z.literal('gcs'),
  endpoint,
  credentials: z.union(
    [
      z.strictObject({ keyFile: z.string().min(1) }),
      fromDefault,
      z.strictObject({ anonymous: z.literal(true) }),
    ],
    oneOf('{ keyFile }', '{ from: default }', '{ anonymous: true }'),
  ),
  buckets,
  ...reach,
});

const azure = z
  .strictObject({
    kind: z.literal('azure'),
    endpoint,
    credentials: z.union(
      [
        z.strictObject({ account: z.string().min(1), key: z.base64({ error: 'must be in base64' }).min(1) }),
        z.strictObject({ connectionString: z.string().min(1) }),
        z.strictObject({ account: z.string().min(1).optional(), ...fromDefault.shape }),
      ],
      oneOf('{ account, key }', '{ connectionString }', '{ from: default, account? }'),
    ),
    buckets,
    ...reach,
  })
  .refine(
    ({ endpoint: given, credentials }) =>
      given !== undefined || !('from' in credentials) || credentials.account !== undefined,
    { error: 'must have an account, because there is no endpoint', path: ['credentials'] },
  );

const KINDS = ['s3', 'gcs', 'azure'] as const;

/** The contents of a sources file. No message repeats a value, because values may be secret. */
export const sourcesFile = z.strictObject(
  {
    profiles: z
      .record(
        z.string().regex(new RegExp(`^${LABEL}$`), { error: 'is no name of a profile' }),
        z.discriminatedUnion('kind', [s3, gcs, azure], oneOf('of kind s3', 'gcs', 'azure')),
      )
      .superRefine((profiles, context) => {
        // A path without a profile gets the one that is named like its location.
        for (const kind of KINDS)
          if (profiles[kind] !== undefined && profiles[kind].kind !== kind)
            context.addIssue({
              code: 'custom',
              path: [kind, 'kind'],
              message: `must be ${kind}, as the name is`,
            });
      }),
  },
  { error: ({ code }) => (code === 'invalid_type' ? 'must be { profiles: … }' : undefined) },
);

type GivenProfile = z.infer<typeof sourcesFile>['profiles'][string];
type AwsKeys = z.infer<typeof awsKeys>;

/** A profile with the credentials that it takes from the environment. */
export type Profile =
  | Exclude<GivenProfile, { kind: 's3' }>
  | (Omit<Extract<GivenProfile, { kind: 's3' }>, 'credentials'> & {
      credentials: AwsKeys | { from: 'default' };
    });
export type ProfileKind = Profile['kind'];
export type ProfileOf<Kind extends ProfileKind> = Extract<Profile, { kind: Kind }>;
