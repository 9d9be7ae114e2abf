/** The attacks of the noisy tenant, by the name for `--only`. */
export const KINDS = {
  'slow-dns': 'webhooks to 40 names whose DNS never answers, also in strict requests',
  hanging: 'receivers that take requests and never answer',
  'flood-interim': 'receivers that send 103 answers without end',
  'flood-extensions': 'receivers that send the extensions of a chunk without end',
  'flood-body': 'receivers that send a body without end',
  backlog: '4,000 assets at once',
  endpoints: '1,000 endpoints that answer after 5 s',
  replays: 'replays of 1,000 failing events, as fast as the API allows',
  pictures: 'decompression bombs, 49 megapixels, and files that use up a decoder',
  'long-urls': 'webhooks to 1,500 different URLs of 8,000 characters',
  'hostile-web':
    'assets on web servers that hang, drip, flood, redirect in circles, or send bombs, also in strict requests',
} as const;
export type Kind = keyof typeof KINDS;

export function isKind(name: string): name is Kind {
  return name in KINDS;
}

/** The order for the process of an attack, as JSON in its only argument. */
export interface AttackOrder {
  readonly kind: Kind;
  readonly baseUrl: string;
  readonly key: string;
  /** Paths of hostile pictures. */
  readonly pictures: readonly string[];
  /** How many events are no load by themselves on this machine, as it is now. */
  readonly eventsPerS: number;
}
