import type { AssetErrors, NotificationKey, Notifications } from './asset.ts';
import { CHECKS, RULE_NAMES, type CheckCode, type CheckName, type RuleName } from './checks/index.ts';
import type { Check, Measured } from './checks/check.ts';
import type { ImageFormat, NoImage } from './image-facts.ts';
import { failsAsset, type NoteSeverity } from './image-notes.ts';
import { DEFAULT_POLICY } from './policy.ts';
import { orderSteps, type StepName } from './steps.ts';
import type { UnreachableCause } from './sources/unreachable.ts';
import { maskPassword } from './http/http-url.ts';

/**
 * A fault of an asset. The reason codes are a closed list, and clients match on the sentence of each. A sentence that
 * may hold a secret (a webhook URL) is made where the row is written. So it never passes through a workflow.
 */
export type Finding =
  | { readonly code: 'webhook_url_invalid'; readonly key: NotificationKey }
  | {
      readonly code: 'asset_not_reachable';
      readonly key: 'onStart';
      /** Missing in recorded histories from before causes were told. */
      readonly measured?: { readonly cause: UnreachableCause };
    }
  | {
      readonly code: 'not_an_image';
      readonly key: 'asset';
      /** Missing in recorded histories from before causes were told. */
      readonly measured?: NoImage;
    }
  | {
      readonly code: 'image_unreadable' | 'decoder_crashed' | 'decode_timeout';
      readonly key: 'asset';
      readonly measured: { readonly reason: string };
    }
  | {
      readonly code: 'checksum_mismatch';
      readonly key: 'asset';
      readonly measured: { readonly expected: string; readonly sha256: string };
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
  | CheckFinding
  | { readonly code: 'internal_error'; readonly key: 'internal' };

/** A finding of a policy's rule, with that policy's message. */
export interface CheckFinding {
  /** `dimensions_unknown`: the rule needs width and height, and the file does not give them. */
  readonly code: CheckCode | 'dimensions_unknown';
  readonly step: CheckName;
  readonly key: 'asset';
  readonly severity: NoteSeverity;
  readonly measured: Measured;
  readonly message: string;
}

export type ReasonCode = Finding['code'];

/** The step that reports each code, without the codes of checks. Null if none does, or if several do. */
const STEP_OF_CODE = {
  webhook_url_invalid: 'checkWebhookUrls',
  asset_not_reachable: 'checkAssetReachable',
  not_an_image: 'checkIsImage',
  image_unreadable: 'checkIsImage',
  decoder_crashed: 'checkIsImage',
  decode_timeout: 'checkIsImage',
  checksum_mismatch: 'checkChecksum',
  dimensions_unknown: null,
  internal_error: null,
} as const satisfies Record<Exclude<ReasonCode, CheckCode>, StepName | null>;

/** All steps, in reporting order. */
export const STEP_NAMES: readonly StepName[] = orderSteps(
  RULE_NAMES.map((name) => CHECKS[name].name),
  true,
);

const RULE_OF_CODE = new Map<ReasonCode, RuleName>(RULE_NAMES.map((name) => [CHECKS[name].code, name]));
export const REASON_CODES = [...Object.keys(STEP_OF_CODE), ...RULE_OF_CODE.keys()] as ReasonCode[];

/** A finding as it is stored and as `/details` shows it. */
export interface ReportedFinding {
  readonly code: ReasonCode;
  readonly step: StepName | null;
  readonly key: string;
  /** Missing in old rows, where it means `error`. */
  readonly severity?: NoteSeverity;
  readonly message: string;
  readonly measured: Readonly<Record<string, unknown>> | null;
}

/** Whether a rule of a policy reports this code. */
export function isCheckCode(code: ReasonCode): boolean {
  return RULE_OF_CODE.has(code) || code === 'dimensions_unknown';
}

/** The sentence for a finding, byte for byte as in the contract. */
function messageOf(finding: Finding, notifications: Notifications): string {
  if ('message' in finding) return finding.message;
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
    case 'checksum_mismatch':
      return `Asset does not have the given SHA-256: it has ${finding.measured.sha256}.`;
    case 'internal_error':
      return 'Validation could not be completed.';
    case 'format_not_allowed':
    case 'dimensions_too_large':
      return byDefaultPolicy(finding.code, finding.measured);
  }
}

/** Histories hold no sentence for a finding of the default policy, because its rules give the sentence. */
function byDefaultPolicy(code: CheckCode, measured: Measured): string {
  const rule = RULE_OF_CODE.get(code) as RuleName;
  return (CHECKS[rule] as Check).describe(measured, DEFAULT_POLICY.rules[rule] ?? {});
}

/** Findings with their sentences, in the order of the steps. */
export function reportFindings(
  findings: readonly Finding[],
  notifications: Notifications,
): ReportedFinding[] {
  return findings
    .map((finding) => ({
      code: finding.code,
      step: 'step' in finding ? finding.step : stepOf(finding.code),
      key: finding.key,
      severity: 'severity' in finding ? finding.severity : ('error' as const),
      message: messageOf(finding, notifications),
      measured: ('measured' in finding ? finding.measured : undefined) ?? null,
    }))
    .sort((a, b) => rankOf(a.step) - rankOf(b.step));
}

/** The `errors` object of an asset. Null if no finding fails the asset. */
export function errorsOf(findings: readonly ReportedFinding[]): AssetErrors | null {
  const errors: AssetErrors = {};
  for (const { key, message } of findings.filter(failsAsset)) (errors[key] ??= []).push(message);
  return Object.keys(errors).length === 0 ? null : errors;
}

function stepOf(code: ReasonCode): StepName | null {
  const rule = RULE_OF_CODE.get(code);
  return rule === undefined ? STEP_OF_CODE[code as keyof typeof STEP_OF_CODE] : CHECKS[rule].name;
}

function rankOf(step: StepName | null): number {
  return step === null ? STEP_NAMES.length : STEP_NAMES.indexOf(step);
}
