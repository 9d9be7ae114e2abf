import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { NotificationKey, StepExecution } from '../src/domain/asset.ts';
import type { AssetRef } from '../src/domain/sources/asset-path.ts';
import type { PolicyInUse } from '../src/domain/policy.ts';
import type { LiveStatus } from '../src/domain/ports/executions.ts';
import type { Verdict } from '../src/domain/verdict.ts';

/**
 * The interface of the workflows for callers. Inputs and results are part of recorded histories. So new fields are
 * optional, and fields are never renamed or removed. No secret and no image byte ever goes through them.
 */
export const TASK_QUEUE = 'validatr';
export const WEBHOOK_TASK_QUEUE = 'validatr-webhooks';

export const VALIDATE_ASSET = 'validateAsset';
export const DELIVER_WEBHOOK = 'deliverWebhook';
export const RECONCILE = 'reconcile';
export const REMOVE_EXPIRED = 'removeExpired';

const ASSET_WORKFLOW_PREFIX = 'asset-';

export function assetWorkflowId(assetId: string): string {
  return `${ASSET_WORKFLOW_PREFIX}${assetId}`;
}

const STAND_IN_SUFFIX = '-2';

/** The id for a workflow of ours while a workflow of another type runs under `workflowId`. */
export function standInWorkflowId(workflowId: string): string {
  return `${workflowId}${STAND_IN_SUFFIX}`;
}

/** The asset that a workflow of its own validates, under the first id or as a stand-in. */
export function assetIdOf(workflowId: string): string {
  const id = workflowId.slice(ASSET_WORKFLOW_PREFIX.length);
  return id.endsWith(STAND_IN_SUFFIX) ? id.slice(0, -STAND_IN_SUFFIX.length) : id;
}

const DELIVERY_WORKFLOW_PREFIX = 'delivery-';

export function deliveryWorkflowId(deliveryId: string): string {
  return `${DELIVERY_WORKFLOW_PREFIX}${deliveryId}`;
}

/** The asset or the delivery that a workflow of ours is about, for the log. Empty for the reconciler. */
export function subjectOf(workflowId: string): { readonly assetId?: string; readonly deliveryId?: string } {
  if (workflowId.startsWith(ASSET_WORKFLOW_PREFIX)) return { assetId: assetIdOf(workflowId) };
  if (!workflowId.startsWith(DELIVERY_WORKFLOW_PREFIX)) return {};
  return { deliveryId: workflowId.slice(DELIVERY_WORKFLOW_PREFIX.length) };
}

/**
 * A snapshot of the asset, so that steps need not read its row. It has only the keys of the
 * webhooks, because their URLs are secrets, and only the location of an asset that is no local file.
 */
export interface ValidateAssetInput {
  readonly assetId: string;
  readonly attempt: number;
  readonly assetPath: AssetRef;
  readonly webhookKeys: readonly NotificationKey[];
  readonly stepExecution: StepExecution;
  /** Missing: the default policy. */
  readonly policy?: PolicyInUse;
  /** The SHA-256 that the file must have, hex. */
  readonly sha256?: string;
}

/** `superseded`: another run owns the asset, so this run wrote and sent nothing. */
export type ValidateAssetResult =
  | ({ readonly outcome: 'finished' } & Verdict)
  | { readonly outcome: 'superseded' };

/** Stored with the execution. */
export interface ValidateAssetMemo {
  /** Tells a dispatcher which attempt a running workflow belongs to. */
  readonly attempt: number;
  /** What a worker has to know to take part (`src/domain/needs.ts`). Missing: what all know. */
  readonly needs?: number;
}

export interface DeliverWebhookInput {
  readonly deliveryId: string;
}

/** The answer to the query `status`. */
export type AssetStatus = LiveStatus;

export const statusQuery = defineQuery<AssetStatus>('status');
export const cancelSignal = defineSignal<[reason?: string]>('cancel');
/** Tells `deliverWebhook` that the delivery is due at once, because it was replayed. */
export const tryNowSignal = defineSignal('tryNow');

/** Registered by `temporal-config/search-attributes.json`. A test compares the two. */
export const stateAttribute = defineSearchAttributeKey('ValidatrState', SearchAttributeType.KEYWORD);
export const verdictAttribute = defineSearchAttributeKey('ValidatrVerdict', SearchAttributeType.KEYWORD);
