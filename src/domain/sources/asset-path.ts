import { describeHttpUrl } from '../http/http-url.ts';

/** Where the bytes of an asset are, as the client said it (contract, Sources). */
export type AssetPath = LocalPath | HttpPath | S3Path | GcsPath | AzurePath | UploadPath;

interface LocalPath {
  readonly location: 'local';
  readonly path: string;
}

/** The URL may be signed, so it is a secret beyond its host. */
interface HttpPath {
  readonly location: 'http';
  readonly url: string;
}

/** `profile` names an entry of the operator's sources file. Missing: the entry named like the location. */
interface S3Path {
  readonly location: 's3';
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
  readonly profile?: string;
}

interface GcsPath {
  readonly location: 'gcs';
  readonly bucket: string;
  readonly object: string;
  readonly generation?: string;
  readonly profile?: string;
}

interface AzurePath {
  readonly location: 'azure';
  readonly container: string;
  readonly blob: string;
  readonly versionId?: string;
  readonly profile?: string;
}

/** `uploadId` names bytes that the tenant uploaded before. `name` is the file's name on the client's machine. */
interface UploadPath {
  readonly location: 'upload';
  readonly uploadId: string;
  readonly name?: string;
}

export const LOCATIONS = ['local', 'http', 's3', 'gcs', 'azure', 'upload'] as const;
export type Location = (typeof LOCATIONS)[number];

/** The path of an asset at one location. */
export type PathAt<At extends Location> = Extract<AssetPath, { readonly location: At }>;

/**
 * The path as a workflow knows it: a local path in full, and only the location of any other. Activities read the rest from the
 * row, because it may be a secret.
 */
export type AssetRef = LocalPath | { readonly location: Exclude<Location, 'local'> };

/** The path as people and logs may see it: everything but the secret part of a URL. */
export function describeAssetPath(assetPath: AssetPath): string {
  switch (assetPath.location) {
    case 'local':
      return assetPath.path;
    case 'http':
      return describeHttpUrl(assetPath.url);
    case 's3':
      return `s3://${assetPath.bucket}/${assetPath.key}`;
    case 'gcs':
      return `gs://${assetPath.bucket}/${assetPath.object}`;
    case 'azure':
      return `az://${assetPath.container}/${assetPath.blob}`;
    case 'upload':
      return [assetPath.uploadId, assetPath.name].filter(Boolean).join('/');
  }
}

/** The path whose last part may have an extension. It may be a secret. */
export function fileNameOf(assetPath: AssetPath): string {
  switch (assetPath.location) {
    case 'local':
      return assetPath.path;
    case 'http':
      return URL.parse(assetPath.url)?.pathname ?? '';
    case 's3':
      return assetPath.key;
    case 'gcs':
      return assetPath.object;
    case 'azure':
      return assetPath.blob;
    case 'upload':
      return assetPath.name ?? '';
  }
}

/** The server that has the bytes. One that is slow must not delay others (`src/sources/fetch-places.ts`). */
export function serverOf(assetPath: AssetPath): string {
  if (assetPath.location === 'http') return URL.parse(assetPath.url)?.origin ?? '';
  return 'profile' in assetPath && assetPath.profile !== undefined ? assetPath.profile : assetPath.location;
}
