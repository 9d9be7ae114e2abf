/**
 * The SDK records a stack for every promise that a workflow makes (some 270 a validation), for the Web UI's "Call Stack",
 * and looks each frame up in the source map: a third of the workflow thread's time at the default depth of ten. Which
 * step a workflow is at, its query `status` and current details say better.
 * Preloaded into the sandbox before its globals are frozen (`src/process/workflow-bundle.ts`).
 */
Error.stackTraceLimit = 0;
