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
 * Names what is wrong with an answer that failed. What breaks HTTP is a verdict for web servers alone, and an end that came too
 * early is trouble. undici's errors hold bytes of the server. They stay the cause, and no text of them leaves the process.
 */
export const nameFailures: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  let lengths = 0;
  return dispatch(options, {
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onResponseStart(controller, status, headers, ...rest) {
      lengths = [headers['content-length']].flat().length;
      handler.onResponseStart?.(controller, status, headers, ...rest);
    },
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError(controller, error) {
      handler.onResponseError?.(controller, named(error, lengths));
    },
  });
};

/** The connection ended as if the answer were whole. */
class CutShortError extends Error {
  override readonly name = 'CutShortError';
  readonly code = 'cut_short';
}

/** Its parser throws one class of errors, and only the text tells this rule. */
const EARLY_END = /Invalid EOF state/;

function named(error: NodeJS.ErrnoException, lengths: number): Error {
  const { name, code, message } = error;
  const isParser = name === 'HTTPParserError';
  const isMismatch = code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
  if ((isParser && EARLY_END.test(message)) || (isMismatch && lengths === 1))
    return new CutShortError('The answer ended too early', { cause: error });
  if (isParser || isMismatch || code === 'UND_ERR_HEADERS_OVERFLOW')
    return new InvalidAnswerError('The answer is no HTTP', { cause: error });
  return error;
}
