import type { Problem } from './schema.ts';

/** The API refused the request, or it failed. */
export class ValidatrError extends Error {
  override readonly name = 'ValidatrError';
  readonly status: number;
  /** A code of docs/errors.md: `asset_not_found`, `invalid_request`, … */
  readonly code: string;
  /** Null if something between the client and the API answered. */
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
