import type { Problem } from './schema.ts';

/** What the API answered instead of what was asked for. */
export class ValidatrError extends Error {
  override readonly name = 'ValidatrError';
  readonly status: number;
  /** As in the API's list of errors: `asset_not_found`, `invalid_request`, … */
  readonly code: string;
  /** Null where something between here and the API answered. */
  readonly problem: Problem | null;

  constructor(status: number, answer: unknown) {
    const problem = isProblem(answer) ? answer : null;
    super(problem?.detail ?? `The API answered ${status}.`);
    this.status = status;
    this.problem = problem;
    this.code = problem?.type.split(':').at(-1) ?? `http_${status}`;
  }
}

function isProblem(answer: unknown): answer is Problem {
  return typeof answer === 'object' && answer !== null && 'type' in answer && 'detail' in answer;
}
