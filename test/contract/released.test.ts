import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createOpenApiDocument } from '../../src/api/openapi/document.ts';
import { type BreakingChange, type Document, findBreakingChanges } from './breaking-changes.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Breaking changes that no line under `### Breaking` of the Unreleased block names. */
function unannounced(changes: readonly BreakingChange[], changelog: string): string[] {
  const [, unreleased = ''] = changelog.split(/^## /m);
  const [, breaking = ''] = unreleased.split(/^### Breaking$/m);
  const [announced = ''] = breaking.split(/^### /m);
  return changes
    .filter(({ operation }) => !announced.includes(`\`${operation}\``))
    .map(({ operation, what }) => `${operation}: ${what}`);
}

describe('the API', () => {
  it('breaks no client of the last release, unless CHANGELOG.md announces it', () => {
    const released = JSON.parse(read('released.json')) as Document;
    expect(Object.keys(released.paths ?? {}).length).toBeGreaterThan(10);
    const changes = findBreakingChanges(released, createOpenApiDocument() as unknown as Document);
    expect(unannounced(changes, read('../../CHANGELOG.md'))).toEqual([]);
  });

  it('may break what the changelog announces, operation by operation, and only before the release', () => {
    const changes = [
      { operation: 'GET /assets', what: 'is gone' },
      { operation: 'GET /assets/{id}', what: 'is gone' },
    ];
    const changelog = (...lines: string[]) => ['# Changelog', ...lines].join('\n');
    const line = '- `GET /assets` is gone.';
    expect(unannounced(changes, changelog('## Unreleased', '### Breaking', line))).toEqual([
      'GET /assets/{id}: is gone',
    ]);
    expect(unannounced(changes, changelog('## Unreleased', '### Breaking', '### Added', line))).toHaveLength(
      2,
    );
    expect(unannounced(changes, changelog('## Unreleased', '## 1.0.0', '### Breaking', line))).toHaveLength(
      2,
    );
  });
});
