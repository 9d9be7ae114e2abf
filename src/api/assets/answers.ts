import { z } from 'zod';
import { ASSET_STATES, NOTIFICATION_KEYS } from '../../domain/asset.ts';
import { RULE_NAMES } from '../../domain/checks/index.ts';
import { REASON_CODES, STEP_NAMES } from '../../domain/findings.ts';
import * as ofImage from '../../domain/image-facts.ts';
import { MAX_NOTES, NOTE_SEVERITIES } from '../../domain/image-notes.ts';
import { STEP_STATES } from '../../domain/steps.ts';
import { LOCATIONS } from '../../domain/sources/asset-path.ts';
import { UNREACHABLE_CAUSES } from '../../domain/sources/unreachable.ts';
import { count, time, uuid } from '../http/answer.ts';
import { externalId, labels } from './own-names.ts';
import { deliveryState, deliveryTry } from '../webhooks/answers.ts';

/** The answers about assets. `represent.ts` fills them in, and the OpenAPI document publishes them. */
const id = uuid.meta({ description: 'UUIDv7. Ids sort in the order of acceptance.' });

export const assetState = z.enum(ASSET_STATES).meta({
  id: 'AssetState',
  description:
    '`queued` → `in_progress` → `complete`, `failed` or `canceled`. Only a retry leaves one of the last three.',
});

export const assetErrors = z.record(z.string(), z.array(z.string())).meta({
  id: 'AssetErrors',
  description: 'Messages by key. A key is a notification key, `asset` or `internal`.',
  examples: [{ asset: ['Asset is not an image.'] }],
});

const policy = z.string().meta({ description: '`name@version` of the policy that judges the asset.' });
const reasonCode = z.enum(REASON_CODES).meta({ id: 'ReasonCode' });

/** Accepted, not started yet. */
export const queuedAsset = z.object({ id, state: z.literal('queued') }).meta({ id: 'QueuedAsset' });

export const cancelRequested = z.object({ id, state: assetState }).meta({ id: 'CancelRequested' });

export const asset = z
  .object({ id, state: assetState, errors: assetErrors.optional() })
  .meta({ id: 'Asset', description: '`errors` is present only if there are errors.' });

export const listedAsset = z
  .object({ id, state: assetState, errors: assetErrors.nullable() })
  .meta({ id: 'ListedAsset' });

export const assetOnPage = listedAsset
  .extend({
    path: z.string().meta({ description: 'As it was submitted.' }),
    policy,
    code: reasonCode.nullable().meta({ description: 'Of the first finding that fails the asset.' }),
    externalId,
    labels: labels.exactOptional().meta({ description: 'Present only if there are any.' }),
    createdAt: time,
    finishedAt: time.nullable(),
  })
  .meta({ id: 'AssetOnPage' });

const step = z
  .object({
    name: z.enum(STEP_NAMES).meta({ id: 'StepName' }),
    state: z.enum(STEP_STATES).meta({ id: 'StepState' }),
    attempts: count,
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    durationMs: z.number().min(0).nullable(),
    error: z.string().nullable().meta({
      description: "Trouble that is not the asset's, such as storage that is down. The step is retried.",
    }),
  })
  .meta({ id: 'Step' });

export const finding = z
  .object({
    code: reasonCode,
    step: z.enum(STEP_NAMES).nullable(),
    key: z.string().meta({ description: 'The key in `errors` under which its message stands.' }),
    severity: z
      .enum(NOTE_SEVERITIES)
      .meta({ description: 'Only an `error` fails the asset, and only errors are in `errors`.' }),
    message: z.string(),
    measured: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({
        description:
          'The values that show the fault. For `asset_not_reachable`, `cause` says why: ' +
          `${UNREACHABLE_CAUSES.map((cause) => `\`${cause}\``).join(', ')}. More causes may follow.`,
      }),
  })
  .meta({
    id: 'Finding',
    description: 'One thing that is wrong with the asset: `code` is for programs, `message` for people.',
  });

const imageNote = ofImage.imageNote
  .extend({
    code: ofImage.imageNote.shape.code.meta({ id: 'ImageNoteCode' }),
    severity: ofImage.imageNote.shape.severity.meta({
      description: 'Errors make a picture `damaged`; warnings and infos change no verdict.',
    }),
    detail: ofImage.imageNote.shape.detail.meta({
      description: 'The place in the file and the fault, for people.',
    }),
  })
  .meta({ id: 'ImageNote', description: "What the file's structure shows." });

const { brightness, entropy, blur, pixelHash, perceptualHash } = ofImage.measures.shape;
const measures = ofImage.measures
  .extend({
    brightness: brightness.meta({
      description: 'Percentiles of the brightness of pixels, 0 (black) to 1 (white).',
    }),
    entropy: entropy.meta({ description: "Bits, of the samples' histogram." }),
    blur: blur.meta({
      description: 'In grey at 64 px: standard deviations of the edges, and of the histogram.',
    }),
    pixelHash: pixelHash.meta({ description: 'SHA-256 of the pixels.' }),
    perceptualHash: perceptualHash.meta({ description: '64 bits, hex; similar pictures differ in few.' }),
  })
  .meta({ id: 'Measures', description: 'What the policy needed of the pixels of the first frame.' });

const { exact, exactPath, near, sizes } = ofImage.earlier.shape;
const earlier = ofImage.earlier
  .extend({
    exact: exact.meta({ description: 'The first asset with the very same pixels.' }),
    exactPath: exactPath.meta({ description: 'Its path, as it was submitted.' }),
    near: near.meta({
      description: 'The nearest that look alike, by the bits in which their perceptual hashes differ.',
    }),
    sizes: sizes.meta({ description: 'Quartiles of √(width · height) over the last assets, px.' }),
  })
  .meta({ id: 'Earlier', description: "How the image compares with the tenant's earlier assets." });

const facts = ofImage.imageFacts.shape;
const image = ofImage.imageFacts
  .extend({
    format: facts.format.meta({ id: 'ImageFormat' }),
    width: facts.width.meta({ description: 'Pixels, as stored: before orientation.' }),
    sha256: facts.sha256.meta({ description: 'Null for a file above 128 MiB: only its head is read.' }),
    displayed: facts.displayed.meta({ description: 'Width and height after orientation.' }),
    frames: facts.frames.meta({ description: 'Frames, pages, sizes of an icon, pictures of an MPO.' }),
    orientation: facts.orientation.meta({
      description:
        'As EXIF numbers it. HEIF and AVIF have turns and mirrors of their own (irot, imir), and this is their sum.',
    }),
    bitDepth: facts.bitDepth.meta({ description: "Bits of a sample, or of a palette's index." }),
    channels: facts.channels.meta({ description: 'Samples a pixel as stored; 1 for a palette.' }),
    colourSpace: facts.colourSpace.meta({ description: 'As stored.' }),
    progressive: facts.progressive.meta({ description: 'JPEG only.' }),
    interlaced: facts.interlaced.meta({ description: 'PNG and GIF only.' }),
    trailingBytes: facts.trailingBytes.meta({ description: 'Bytes after the end of the picture.' }),
    notes: z.array(imageNote).max(MAX_NOTES).exactOptional(),
    measures: measures.exactOptional(),
    earlier: earlier.exactOptional(),
  })
  .meta({
    id: 'Image',
    description:
      'An optional field is missing if the file does not tell it, or if the asset was validated before the field existed.',
  });

const score = z
  .object({
    rule: z.enum(RULE_NAMES).meta({ description: 'The rule that compares the score.' }),
    score: z.number(),
    threshold: z
      .number()
      .nullable()
      .meta({ description: 'The least score that passes. Null if the policy has no such rule.' }),
    passed: z.boolean().nullable().meta({ description: 'Null if the policy has no such rule.' }),
  })
  .meta({ id: 'Score', description: 'A score that was measured, whether the image passed or not.' });

const assetDelivery = z
  .object({
    id: uuid,
    event: z.enum(NOTIFICATION_KEYS).meta({ id: 'NotificationKey' }),
    attempt: count,
    endpointId: uuid.meta({ description: 'Tells endpoints apart whose shown URLs are the same.' }),
    url: z.string().meta({ description: 'Scheme and host only, because the rest may be a secret.' }),
    state: deliveryState,
    tries: z.array(deliveryTry),
  })
  .meta({ id: 'AssetDelivery' });

export const assetDetails = z
  .object({
    id,
    state: assetState,
    errors: assetErrors.nullable(),
    attempt: count,
    createdAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    externalId,
    labels,
    asset: z.object({
      location: z.enum(LOCATIONS),
      path: z.string().meta({
        description:
          'A local path as it was submitted, scheme and host of a URL, the address of an object (`s3://bucket/key`, `gs://…`, `az://…`), or id and name of an upload (`<id>/<name>`).',
      }),
      versionId: z.string().optional(),
      generation: z.string().optional(),
      profile: z.string().optional(),
      uploadId: uuid.optional(),
    }),
    image: image.nullable(),
    steps: z.array(step),
    scores: z.array(score),
    findings: z.array(finding),
    policy,
    deliveries: z.array(assetDelivery),
    workflowId: z.string(),
    runId: z.string().nullable(),
  })
  .meta({ id: 'AssetDetails' });

export const assetAttempt = z
  .object({
    attempt: count,
    state: assetState.meta({
      description:
        'The end of the attempt. If a reset replaced it before it ended, the state that it had then.',
    }),
    policy: z.string().meta({ description: '`name@version` of the policy that judged the attempt.' }),
    errors: assetErrors.nullable(),
    findings: z.array(finding),
    steps: z.array(step).meta({ description: 'Empty if no step had begun.' }),
    cancelReason: z
      .string()
      .nullable()
      .meta({ description: 'The reason that came with a request to cancel.' }),
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    runId: z.string().nullable(),
  })
  .meta({ id: 'AssetAttempt' });

export const assetLive = z
  .object({
    id,
    state: assetState,
    attempt: count,
    steps: z.array(step),
    source: z.enum(['workflow', 'database']).meta({ description: 'Where the answer comes from.' }),
  })
  .meta({ id: 'AssetLive' });
