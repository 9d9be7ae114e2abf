/**
 * The SDK records a stack for every promise of a workflow (some 270 a validation), for the Web UI's "Call Stack". It
 * looks each frame up in the source map. At the default depth of ten, this takes a third of the workflow thread's time.
 * The query `status` and the current details show better at which step a workflow is. This file is preloaded into the
 * sandbox before its globals are frozen (`src/process/workflow-bundle.ts`).
 */
Error.stackTraceLimit = 0;
