import { z } from 'zod';
import type { ZodOpenApiCallbackObject, ZodOpenApiPathItemObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { type NotificationKey, STATE_OF_NOTIFICATION } from '../../domain/asset.ts';
import type { DeliveryEvent } from '../../domain/delivery.ts';
import { uuid } from '../http/answer.ts';
import { assetErrors } from '../assets/answers.ts';
import { eventHeaders } from '../openapi/headers.ts';

const body = <State extends string>(name: string, state: State) =>
  z.object({ id: uuid, state: z.literal(state) }).meta({ id: name });

/** The body of each event. */
const EVENTS: Record<DeliveryEvent | 'challenge', { summary: string; schema: z.ZodType }> = {
  onStart: {
    summary: 'The validation has started.',
    schema: body('StartEvent', STATE_OF_NOTIFICATION.onStart),
  },
  onSuccess: { summary: 'The asset passed.', schema: body('SuccessEvent', STATE_OF_NOTIFICATION.onSuccess) },
  onFailure: {
    summary: 'The asset failed, and why.',
    schema: z
      .object({ id: uuid, state: z.literal(STATE_OF_NOTIFICATION.onFailure), errors: assetErrors })
      .meta({ id: 'FailureEvent' }),
  },
  onCancel: {
    summary: 'The validation was canceled.',
    schema: body('CancelEvent', STATE_OF_NOTIFICATION.onCancel),
  },
  test: {
    summary: 'A test of the receiver. `id` is the id of the delivery.',
    schema: body('TestEvent', 'test'),
  },
  challenge: {
    summary:
      'With `WEBHOOK_CHALLENGE=required`, this comes before the first event of an endpoint. Answer 2xx with JSON that holds the same `challenge`.',
    schema: z
      .object({ id: uuid, state: z.literal('challenge'), challenge: z.string() })
      .meta({ id: 'ChallengeEvent' }),
  },
};

/** The callbacks of a submission, by notification key. */
export const SUBMISSION_CALLBACKS: Record<NotificationKey, ZodOpenApiCallbackObject> = {
  onStart: { '{$request.body#/notifications/onStart}': { post: eventOperation('onStart') } },
  onSuccess: { '{$request.body#/notifications/onSuccess}': { post: eventOperation('onSuccess') } },
  onFailure: { '{$request.body#/notifications/onFailure}': { post: eventOperation('onFailure') } },
  onCancel: { '{$request.body#/notifications/onCancel}': { post: eventOperation('onCancel') } },
};

export const TEST_CALLBACK: Record<string, ZodOpenApiCallbackObject> = {
  test: { '{$request.body#/url}': { post: eventOperation('test') } },
};

export const WEBHOOKS: ZodOpenApiPathsObject = Object.fromEntries(
  (Object.keys(EVENTS) as (keyof typeof EVENTS)[]).map((event) => [
    event,
    { post: { operationId: `${event}Event`, ...eventOperation(event) } } satisfies ZodOpenApiPathItemObject,
  ]),
);

function eventOperation(event: keyof typeof EVENTS) {
  const { summary, schema } = EVENTS[event];
  return {
    tags: ['events'],
    summary,
    security: [],
    requestParams: { header: eventHeaders },
    requestBody: { required: true, content: { 'application/json': { schema } } },
    responses: {
      '2XX': { description: 'Delivered.' },
      '408': { description: 'Tried again.' },
      '410': { description: 'The endpoint is gone. It is disabled and gets no more events.' },
      '429': { description: 'Tried again, after `Retry-After` if that is later than the schedule.' },
      '5XX': { description: 'Tried again: ten tries over 76 h.' },
      default: { description: 'Failed for good. Redirects are not followed.' },
    },
  };
}
