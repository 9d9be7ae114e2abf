/**
 * The SDK records a stack for every promise that a workflow makes, for its "stack trace" query, and looks each frame
 * up in the source map: measured, a third of a validation's processor time at the default depth of ten frames.
 * Preloaded into the sandbox before its globals are frozen (`src/bin/workflow-bundle.ts`).
 */
Error.stackTraceLimit = 2;
