import { z } from 'zod';
import { defineOperation } from '../http/operation.ts';

const anyJson = z.unknown().meta({
  description: 'Any JSON.',
  type: ['object', 'array', 'string', 'number', 'boolean', 'null'],
});

export const echo = defineOperation({
  method: 'post',
  path: '/echo/post',
  id: 'echo',
  tag: 'service',
  summary: 'Answer with the same JSON',
  description: 'Use it to try webhooks.',
  scope: null,
  body: { schema: anyJson, examples: { event: { id: '01a20d6b-029b-70ce-a38e-65984ddd12d0' } } },
  replies: { 200: { description: 'The same JSON.', schema: anyJson } },
  problems: ['invalid_request'],
  handle:
    () =>
    (_req, res, { body }) => {
      res.json(body());
    },
});
