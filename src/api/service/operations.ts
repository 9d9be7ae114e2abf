import { z } from 'zod';
import { liveness, readiness } from './health.ts';
import { retryAfter } from '../openapi/headers.ts';
import type { Operation } from '../openapi/paths.ts';

const anyJson = z.unknown().meta({
  description: 'Any JSON.',
  type: ['object', 'array', 'string', 'number', 'boolean', 'null'],
});

/** What tells about the service itself; nothing of it needs a key. */
export const SERVICE_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/healthz',
    id: 'getHealth',
    tag: 'service',
    summary: 'Whether the process runs',
    scope: null,
    isExempt: true,
    replies: { 200: { description: 'It does.', schema: liveness } },
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'getReadiness',
    tag: 'service',
    summary: 'Whether the process can serve',
    scope: null,
    isExempt: true,
    replies: {
      200: { description: 'It can.', schema: readiness },
      503: {
        description: 'Something that it needs is away.',
        schema: readiness,
        headers: { 'Retry-After': retryAfter },
      },
    },
    problems: ['draining'],
  },
  {
    method: 'post',
    path: '/echo/post',
    id: 'echo',
    tag: 'service',
    summary: 'Answers with the JSON it was sent',
    description: 'For trying webhooks.',
    scope: null,
    body: { schema: anyJson, examples: { event: { id: '01a20d6b-029b-70ce-a38e-65984ddd12d0' } } },
    replies: { 200: { description: 'The same JSON.', schema: anyJson } },
    problems: ['invalid_request'],
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'getOpenApi',
    tag: 'service',
    summary: 'This document',
    scope: null,
    replies: { 200: { description: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) } },
  },
  {
    method: 'get',
    path: '/docs',
    id: 'getDocs',
    tag: 'service',
    summary: 'This document as a page',
    scope: null,
    replies: { 200: { description: 'The page.', schema: z.string(), mediaType: 'text/html' } },
  },
];
