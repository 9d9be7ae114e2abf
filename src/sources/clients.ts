import type { Readable } from 'node:stream';
import type { AppError } from '../domain/errors.ts';
import type { Found, SourceCall } from '../domain/ports/sources.ts';
import type { PathAt } from '../domain/sources/asset-path.ts';
import type { Unreachable } from '../domain/sources/unreachable.ts';
import { orThrow } from './faults.ts';
import type { ProfileKind, ProfileOf } from './profile-schema.ts';
import type { Profiles, Target } from './profiles.ts';

/** Connections of one client. */
export const SOCKETS = 64;

export const CONNECT_TIMEOUT_MS = 5_000;

/** Longest wait for an answer, and longest pause between two bytes. The whole time is bounded by the caller's signal. */
export const IDLE_TIMEOUT_MS = 20_000;

/** Connections and credentials of one profile. */
export interface StorageClient {
  /** Ends its connections, also those in use. */
  close(): void;
}

interface Kept<Client> {
  readonly client: Promise<Client>;
  /** Requests, and bodies on their way. */
  uses: number;
  /** The profiles were read again since. */
  isGone: boolean;
}

interface Kind<Name extends ProfileKind, Client> {
  readonly kind: Name;
  open(profile: ProfileOf<Name>): Promise<Client>;
  /** Says of the error of a request whether it is a verdict on the object or trouble. */
  faultOf(error: unknown): Unreachable | AppError;
}

/**
 * Asks storage by the client of a profile, if the profile reaches the object. A client is opened at first use. After the profiles
 * were read again it is closed, as soon as no body is on its way through it.
 */
export function createClients<Name extends ProfileKind, Client extends StorageClient>(
  profiles: Profiles,
  { kind, open, faultOf }: Kind<Name, Client>,
) {
  const clients = new Map<ProfileOf<Name>, Kept<Client>>();

  function take(profile: ProfileOf<Name>): Kept<Client> {
    const kept = clients.get(profile) ?? { client: open(profile), uses: 0, isGone: false };
    clients.set(profile, kept);
    kept.uses += 1;
    return kept;
  }

  function leave(profile: ProfileOf<Name>, kept: Kept<Client>): void {
    kept.uses -= 1;
    if (kept.isGone && kept.uses === 0) end(profile, kept);
  }

  function end(profile: ProfileOf<Name>, { client }: Kept<Client>): void {
    clients.delete(profile);
    client.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }

  profiles.onReload(() => {
    for (const [profile, kept] of clients) {
      kept.isGone = true;
      if (kept.uses === 0) end(profile, kept);
    }
  });

  return async function ask<Answer extends Found>(
    target: Target,
    send: (client: Client) => Promise<Answer | Unreachable>,
  ): Promise<Answer | Unreachable> {
    const profile = profiles.find(kind, target);
    if (typeof profile === 'string') return { unreachable: profile };
    const kept = take(profile);
    const done = () => leave(profile, kept);
    try {
      const answer = await send(await kept.client);
      if (hasBody(answer) && !answer.body.closed) answer.body.once('close', done);
      else done();
      return answer;
    } catch (error) {
      // A client that could not be opened is opened again by the next request.
      kept.client.catch(() => clients.delete(profile));
      done();
      return orThrow(faultOf(error));
    }
  };
}

/** The object that a call wants, in the same words for each kind of storage. */
export function targetOf(path: PathAt<ProfileKind>, { tenant }: SourceCall): Target {
  return { tenant, profile: path.profile, ...placeOf(path) };
}

function placeOf(path: PathAt<ProfileKind>): Pick<Target, 'bucket' | 'name'> {
  switch (path.location) {
    case 's3':
      return { bucket: path.bucket, name: path.key };
    case 'gcs':
      return { bucket: path.bucket, name: path.object };
    case 'azure':
      return { bucket: path.container, name: path.blob };
  }
}

function hasBody(answer: object): answer is { readonly body: Readable } {
  return 'body' in answer;
}
