import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  assetIdOf,
  assetWorkflowId,
  standInWorkflowId,
  stateAttribute,
  verdictAttribute,
} from '../../../workflows/contract.ts';

describe('the workflow contract', () => {
  it('and temporal-config name the same search attributes with the same types', () => {
    const file = new URL('../../../temporal-config/search-attributes.json', import.meta.url);
    const registered = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    const used = [stateAttribute, verdictAttribute].map(({ name, type }) => [name, type]);
    expect(Object.entries(registered).map(([name, type]) => [name, type.toUpperCase()])).toEqual(used);
  });

  it('names the workflow of an asset asset-<id>', () => {
    expect(assetWorkflowId('01a2')).toBe('asset-01a2');
    expect(assetIdOf('asset-01a2')).toBe('01a2');
    expect(assetIdOf(standInWorkflowId('asset-01a2'))).toBe('01a2');
  });
});
