import { cancelAsset, retryAsset } from './assets/act.ts';
import { deleteAsset } from './assets/delete.ts';
import {
  getAsset,
  getAssetDetails,
  getAssetLive,
  getImageAsset,
  listAssets,
  listAttempts,
} from './assets/read.ts';
import { submitAsset } from './assets/submit.ts';
import type { Operation } from './http/operation.ts';
import { createKey, getKey, listKeys, revokeKey, rotateKey } from './keys/operations.ts';
import { getWhoami } from './keys/whoami.ts';
import { judgeByPolicy } from './policies/judge.ts';
import { addPolicy, getPolicy, getPolicyVersion, listPolicies } from './policies/operations.ts';
import { getDocs, getOpenApi } from './service/docs.ts';
import { echo } from './service/echo.ts';
import { getHealth, getReadiness, getStartup } from './service/health.ts';
import {
  appendToUpload,
  createUpload,
  deleteUpload,
  describeUploads,
  getUpload,
} from './uploads/operations.ts';
import {
  getDelivery,
  listDeliveries,
  replayDeliveries,
  replayDelivery,
  sendTestEvent,
} from './webhooks/deliveries.ts';
import { enableEndpoint, listEndpoints } from './webhooks/endpoints.ts';

/** The whole API, in the order of the OpenAPI document. An operation that is not listed is neither served nor documented. */
const ALL = [
  submitAsset,
  listAssets,
  getAsset,
  getImageAsset,
  getAssetDetails,
  getAssetLive,
  listAttempts,
  cancelAsset,
  retryAsset,
  deleteAsset,
  describeUploads,
  createUpload,
  getUpload,
  appendToUpload,
  deleteUpload,
  listPolicies,
  getPolicy,
  addPolicy,
  getPolicyVersion,
  judgeByPolicy,
  listDeliveries,
  getDelivery,
  replayDelivery,
  replayDeliveries,
  sendTestEvent,
  listEndpoints,
  enableEndpoint,
  getWhoami,
  listKeys,
  createKey,
  getKey,
  revokeKey,
  rotateKey,
  getHealth,
  getReadiness,
  getStartup,
  echo,
  getOpenApi,
  getDocs,
] as const;

/** The dependencies of all operations together. */
export type ApiDeps = DepsOf<(typeof ALL)[number]>;

export const OPERATIONS: readonly Operation<ApiDeps>[] = ALL;

/** The intersection of all dependencies. TypeScript infers it for the parameter of several functions. */
type DepsOf<Any> = (Any extends Operation<infer Deps> ? (deps: Deps) => void : never) extends (
  deps: infer All,
) => void
  ? All
  : never;
