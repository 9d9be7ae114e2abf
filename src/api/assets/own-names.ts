import { z } from 'zod';

/** The client's own name and labels of an asset, in every answer that shows an asset. */
export const externalId = z
  .string()
  .nullable()
  .meta({ description: "The client's own name for the asset, as it was submitted." });

export const labels = z
  .record(z.string(), z.string())
  .meta({ id: 'Labels', description: 'The labels of the submission, by name.' });
