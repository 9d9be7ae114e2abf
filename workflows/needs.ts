import { workflowInfo } from '@temporalio/workflow';
import { KNOWN_BY_ALL, KNOWS } from '../src/domain/needs.ts';
import type { ValidateAssetMemo } from './contract.ts';

/** What a worker has to know to take part in this workflow. */
export function neededHere(): number {
  const { needs } = (workflowInfo().memo ?? {}) as Partial<ValidateAssetMemo>;
  return needs ?? KNOWN_BY_ALL;
}

/**
 * Stops a worker that is too old for this workflow. An error of this kind fails the workflow task, not the workflow. So Temporal
 * gives the task out again, until a worker gets it that knows enough.
 */
export function requireKnowledge(): void {
  const needs = neededHere();
  if (needs > KNOWS) throw new Error(`This worker knows ${KNOWS}, and the asset needs ${needs}`);
}
