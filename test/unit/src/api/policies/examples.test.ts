import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { judgement } from '../../../../../src/api/policies/judgement-answers.ts';
import { createOpenApiDocument } from '../../../../../src/api/openapi/document.ts';
import { policies, policy, policyWithVersions } from '../../../../../src/api/policies/answers.ts';
import { judgeRequest, policyRequest } from '../../../../../src/api/policies/requests.ts';

/** The examples of policies in the document, each with its schema. */
const SHOWN: Readonly<Record<string, z.ZodType>> = {
  PolicyRequest: policyRequest,
  JudgeRequest: judgeRequest,
  Policies: policies,
  Policy: policy,
  PolicyWithVersions: policyWithVersions,
  Judgement: judgement,
};

/** Times as Dates, as they are before JSON. */
const revive = (example: unknown): unknown =>
  JSON.parse(JSON.stringify(example), (key, value: unknown) =>
    key === 'createdAt' && typeof value === 'string' ? new Date(value) : value,
  );

describe('the examples of policies in the document', () => {
  const document = createOpenApiDocument();

  it.each(Object.entries(SHOWN))('fit their schemas: %s', (name, schema) => {
    const { examples = [] } = (document.components?.schemas?.[name] ?? {}) as { examples?: unknown[] };
    expect(examples).not.toEqual([]);
    for (const example of examples) {
      const parsed = schema.safeParse(revive(example));
      expect(parsed.error).toBeUndefined();
      // An answer is complete: it has no default to fill in.
      if (!name.endsWith('Request')) expect(parsed.data).toEqual(revive(example));
    }
  });

  it('show every body', () => {
    const operations = Object.entries(document.paths ?? {})
      .filter(([path]) => path.startsWith('/policies'))
      .flatMap(([, { get, post }]) => [get, post].flatMap((operation) => operation ?? []));
    const named = JSON.stringify(operations).matchAll(
      /"application\/json":\{"schema":\{"\$ref":"[^"]*\/(\w+)"/g,
    );
    const schemas = new Set([...named].map(([, name = '']) => name));
    expect(schemas).toEqual(new Set(Object.keys(SHOWN)));
  });
});
