import type { Dispatcher } from 'undici';
import { InvalidAnswerError } from '../network/answer-budget.ts';

/** A body may have so many pieces of any size. */
const FREE_PIECES = 4_096;

/** Beyond these, a piece has so many bytes on average. Usual servers send 4 to 64 KiB at once. */
const LEAST_PIECE_BYTES = 128;

/**
 * Ends an answer whose body comes in crumbs (chunks of HTTP), because a crumb costs as much as a whole piece. 128 MiB in pieces
 * of one byte took 4 s of processor time, and in usual ones 0.5 s.
 */
export const refuseCrumbs: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  let pieces = 0;
  let bytes = 0;
  return dispatch(options, {
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData(controller, chunk) {
      pieces += 1;
      bytes += chunk.length;
      if (pieces > FREE_PIECES + bytes / LEAST_PIECE_BYTES)
        controller.abort(new InvalidAnswerError('The body comes in very small pieces'));
      else handler.onResponseData?.(controller, chunk);
    },
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  });
};

/**
 * Names what breaks HTTP in an answer, so that it is a verdict for web servers alone. undici's errors hold bytes of the server.
 * They stay the cause, and no text of them leaves the process.
 */
export const refuseInvalid: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(options, {
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError(controller, error) {
      const named = breaksHttp(error)
        ? new InvalidAnswerError('The answer is no HTTP', { cause: error })
        : error;
      handler.onResponseError?.(controller, named);
    },
  });

/** Its parser throws one class of errors. The code of some tells the rule, and others have none. */
function breaksHttp({ name, code = '' }: NodeJS.ErrnoException): boolean {
  return name === 'HTTPParserError' || BROKEN_LENGTHS.has(code);
}

const BROKEN_LENGTHS = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  // Two lengths that differ. A body that ends too early has another code.
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);
