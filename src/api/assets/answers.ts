import { z } from 'zod';
import { ASSET_STATES, NOTIFICATION_KEYS, STEP_STATES } from '../../domain/asset.ts';
import { REASON_CODES, STEP_NAMES } from '../../domain/findings.ts';
import { COLOUR_SPACES, ICC_STATES, IMAGE_FORMATS } from '../../domain/image-facts.ts';
import { IMAGE_NOTE_CODES, MAX_NOTES, NOTE_SEVERITIES } from '../../domain/image-notes.ts';
import { count, time, uuid } from '../http/answer.ts';
import { deliveryState, deliveryTry } from '../webhooks/answers.ts';

/** What the API says of assets; `represent.ts` fills it in, the OpenAPI document publishes it. */
const id = uuid.meta({ description: 'UUIDv7: their order is the order of acceptance.' });

export const assetState = z.enum(ASSET_STATES).meta({
  id: 'AssetState',
  description:
    '`queued` → `in_progress` → `complete`, `failed` or `canceled`; only a retry leaves one of the last three.',
});

export const assetErrors = z.record(z.string(), z.array(z.string())).meta({
  id: 'AssetErrors',
  description: 'Messages by key: a notification key, `asset`, or `internal`.',
  examples: [{ asset: ['Asset is not an image.'] }],
});

/** Accepted, and not begun. */
export const queuedAsset = z.object({ id, state: z.literal('queued') }).meta({ id: 'QueuedAsset' });

export const cancelRequested = z.object({ id, state: assetState }).meta({ id: 'CancelRequested' });

export const asset = z
  .object({ id, state: assetState, errors: assetErrors.optional() })
  .meta({ id: 'Asset', description: '`errors` only where there are any.' });

export const listedAsset = z
  .object({ id, state: assetState, errors: assetErrors.nullable() })
  .meta({ id: 'ListedAsset' });

const step = z
  .object({
    name: z.enum(STEP_NAMES).meta({ id: 'StepName' }),
    state: z.enum(STEP_STATES).meta({ id: 'StepState' }),
    attempts: count,
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    durationMs: z.number().min(0).nullable(),
    error: z
      .string()
      .nullable()
      .meta({ description: "Trouble that is not the asset's, such as storage that is down." }),
  })
  .meta({ id: 'Step' });

export const finding = z
  .object({
    code: z.enum(REASON_CODES).meta({ id: 'ReasonCode' }),
    step: z.enum(STEP_NAMES).nullable(),
    key: z.string().meta({ description: 'The key of its message in `errors`.' }),
    severity: z
      .enum(NOTE_SEVERITIES)
      .meta({ description: 'Only errors fail the asset, and only they are in `errors`.' }),
    message: z.string(),
    measured: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({
    id: 'Finding',
    description: 'One thing that is wrong with the asset, for people and for programs.',
  });

const imageNote = z
  .object({
    code: z.enum(IMAGE_NOTE_CODES).meta({ id: 'ImageNoteCode' }),
    severity: z
      .enum(NOTE_SEVERITIES)
      .meta({ description: 'Errors make a picture `damaged`; warnings and infos change no verdict.' }),
    detail: z.string().optional().meta({ description: 'Where and what, for people.' }),
  })
  .meta({ id: 'ImageNote', description: "What the file's structure shows." });

const share = z.number().min(0).max(1);
const measures = z
  .object({
    brightness: z
      .object({ p5: share, p99: share })
      .optional()
      .meta({ description: 'Percentiles of the brightness of pixels, 0 (black) to 1 (white).' }),
    entropy: z.number().min(0).optional().meta({ description: "Bits, of the samples' histogram." }),
    blur: z
      .object({ edges: z.number().min(0), spread: z.number().min(0) })
      .optional()
      .meta({ description: 'In grey at 64 px: standard deviations of the edges, and of the histogram.' }),
    pixelHash: z.string().optional().meta({ description: 'SHA-256 of the pixels.' }),
    perceptualHash: z
      .string()
      .optional()
      .meta({ description: '64 bits, hex; similar pictures differ in few.' }),
  })
  .meta({ id: 'Measures', description: 'What the policy needed of the pixels of the first frame.' });

const earlier = z
  .object({
    exact: uuid.nullable().meta({ description: 'The first asset with the very same pixels.' }),
    near: z.array(z.object({ assetId: uuid, distance: count })).meta({
      description: 'The nearest that look alike, by the bits in which their perceptual hashes differ.',
    }),
    sizes: z
      .object({ q1: z.number(), q3: z.number(), count })
      .nullable()
      .meta({ description: 'Quartiles of √(width · height) over the last assets, px.' }),
  })
  .meta({ id: 'Earlier', description: "How it compares with the tenant's earlier assets." });

const image = z
  .object({
    format: z.enum(IMAGE_FORMATS).meta({ id: 'ImageFormat' }),
    width: count.nullable().meta({ description: 'Pixels, as stored: before EXIF orientation.' }),
    height: count.nullable(),
    bytes: count,
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullable()
      .meta({ description: 'Null for a file above 128 MiB: only its head is read.' }),
    integrity: z.discriminatedUnion('state', [
      z.object({ state: z.literal('intact') }),
      z.object({ state: z.literal('damaged'), reason: z.string() }),
      z.object({ state: z.literal('not_checked'), reason: z.string() }),
    ]),
    displayed: z
      .object({ width: count, height: count })
      .optional()
      .meta({ description: 'Width and height after EXIF orientation.' }),
    frames: count.optional().meta({ description: 'Frames, pages, sizes of an icon, pictures of an MPO.' }),
    animated: z.boolean().optional(),
    orientation: z.int().min(1).max(8).optional().meta({ description: 'EXIF orientation.' }),
    bitDepth: count.optional().meta({ description: "Bits of a sample, or of a palette's index." }),
    channels: count.optional().meta({ description: 'Samples a pixel as stored; 1 for a palette.' }),
    colourSpace: z.enum(COLOUR_SPACES).optional().meta({ description: 'As stored.' }),
    hasAlpha: z.boolean().optional(),
    progressive: z.boolean().optional().meta({ description: 'JPEG only.' }),
    interlaced: z.boolean().optional().meta({ description: 'PNG and GIF only.' }),
    trailingBytes: count.optional().meta({ description: 'Bytes after the end of the picture.' }),
    iccState: z.enum(ICC_STATES).optional(),
    notes: z.array(imageNote).max(MAX_NOTES).optional(),
    measures: measures.optional(),
    earlier: earlier.optional(),
  })
  .meta({
    id: 'Image',
    description:
      'Optional fields are missing where the file does not tell, or was validated before they were there.',
  });

const assetDelivery = z
  .object({
    id: uuid,
    event: z.enum(NOTIFICATION_KEYS).meta({ id: 'NotificationKey' }),
    attempt: count,
    url: z.string().meta({ description: 'Scheme and host only: the rest may be a secret.' }),
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
    asset: z.object({ location: z.enum(['local']), path: z.string() }),
    image: image.nullable(),
    steps: z.array(step),
    findings: z.array(finding),
    policy: z.string().meta({ description: '`name@version` of the rules that the asset is held against.' }),
    deliveries: z.array(assetDelivery),
    workflowId: z.string(),
    runId: z.string().nullable(),
  })
  .meta({ id: 'AssetDetails' });

export const assetLive = z
  .object({
    id,
    state: assetState,
    attempt: count,
    steps: z.array(step),
    source: z.enum(['workflow', 'database']).meta({ description: 'Who said so.' }),
  })
  .meta({ id: 'AssetLive' });
