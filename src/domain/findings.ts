import type { AssetErrors, NotificationKey, Notifications, StepName } from './asset.ts';
import { STEP_NAMES } from './asset.ts';
import type { ImageFormat } from './image-facts.ts';
import { maskPassword } from './webhook-url.ts';

/**
 * What is wrong with an asset: a closed list of reason codes, each with the sentence clients match on.
 * A finding carries no text of its own: the sentence is rendered where the row is written, so that a
 * webhook URL (a secret) never passes through a workflow.
 */
export type Finding =
  | { readonly code: 'webhook_url_invalid'; readonly key: NotificationKey }
  | { readonly code: 'asset_not_reachable'; readonly key: 'onStart' }
  | { readonly code: 'not_an_image'; readonly key: 'asset' }
  | {
      readonly code: 'image_unreadable';
      readonly key: 'asset';
      readonly measured: { readonly reason: string };
    }
  | {
      readonly code: 'decoder_crashed' | 'decode_timeout';
      readonly key: 'asset';
      readonly measured: { readonly reason: string };
    }
  | {
      readonly code: 'format_not_allowed';
      readonly key: 'asset';
      readonly measured: { readonly format: ImageFormat };
    }
  | {
      readonly code: 'dimensions_too_large';
      readonly key: 'asset';
      readonly measured: { readonly width: number; readonly height: number };
    }
  | { readonly code: 'internal_error'; readonly key: 'internal' };

type ReasonCode = Finding['code'];

/** The step that reports each code; null for what is nobody's step. */
const STEP_OF_CODE = {
  webhook_url_invalid: 'checkWebhookUrls',
  asset_not_reachable: 'checkAssetReachable',
  not_an_image: 'checkIsImage',
  image_unreadable: 'checkIsImage',
  decoder_crashed: 'checkIsImage',
  decode_timeout: 'checkIsImage',
  format_not_allowed: 'checkIsJpeg',
  dimensions_too_large: 'checkDimensions',
  internal_error: null,
} as const satisfies Record<ReasonCode, StepName | null>;
export const REASON_CODES = Object.keys(STEP_OF_CODE) as ReasonCode[];

/** The largest width and height, in pixels, that still pass (contract, `checkDimensions`). */
export const MAX_SIDE_PX = 1000;

/** A finding as it is stored and as `/details` shows it. */
export interface ReportedFinding {
  readonly code: ReasonCode;
  readonly step: StepName | null;
  readonly key: string;
  readonly message: string;
  readonly measured: Readonly<Record<string, unknown>> | null;
}

/** The contract's sentence for a finding, byte for byte. */
function messageOf(finding: Finding, notifications: Notifications): string {
  switch (finding.code) {
    case 'webhook_url_invalid':
      return `\`${maskPassword(notifications[finding.key] ?? '')}\`is not a valid URL`;
    case 'asset_not_reachable':
      return 'Asset path is not reachable.';
    case 'not_an_image':
      return 'Asset is not an image.';
    case 'image_unreadable':
    case 'decoder_crashed':
    case 'decode_timeout':
      return `Asset is not a readable image: ${finding.measured.reason}.`;
    case 'format_not_allowed':
      return `Assets must be a JPEG, the provided image is a ${finding.measured.format}`;
    case 'dimensions_too_large':
      return (
        `Image dimensions must have a width and height smaller than ${MAX_SIDE_PX}px. ` +
        `The provided image has dimensions of ${finding.measured.width}x${finding.measured.height}px.`
      );
    case 'internal_error':
      return 'Validation could not be completed.';
  }
}

/** Findings with their sentences, in the order of the steps. */
export function reportFindings(
  findings: readonly Finding[],
  notifications: Notifications,
): ReportedFinding[] {
  return [...findings]
    .sort((a, b) => rankOf(a) - rankOf(b))
    .map((finding) => ({
      code: finding.code,
      step: STEP_OF_CODE[finding.code],
      key: finding.key,
      message: messageOf(finding, notifications),
      measured: 'measured' in finding ? finding.measured : null,
    }));
}

/** The `errors` object of an asset, or null where nothing is wrong. */
export function errorsOf(findings: readonly ReportedFinding[]): AssetErrors | null {
  if (findings.length === 0) return null;
  const errors: AssetErrors = {};
  for (const { key, message } of findings) (errors[key] ??= []).push(message);
  return errors;
}

function rankOf(finding: Finding): number {
  const step = STEP_OF_CODE[finding.code];
  return step === null ? STEP_NAMES.length : STEP_NAMES.indexOf(step);
}
