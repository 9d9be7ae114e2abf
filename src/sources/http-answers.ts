import type { Dispatcher } from 'undici';
import { createCrumbWatch } from '../domain/http/crumbs.ts';
import { InvalidAnswerError } from '../network/answer-budget.ts';

/**
 * Ends an answer whose body comes in crumbs, and names the failure of an answer. An answer that breaks HTTP is a verdict, for web
 * servers alone. One that ends too early is trouble. undici's errors hold bytes of the server. They stay the cause, and no text
 * of them leaves the process.
 */
export const judgeAnswer: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const isTooMany = createCrumbWatch();
  let lengths = 0;
  return dispatch(options, {
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onResponseStart(controller, status, headers, ...rest) {
      lengths = [headers['content-length']].flat().length;
      handler.onResponseStart?.(controller, status, headers, ...rest);
    },
    onResponseData(controller, chunk) {
      if (isTooMany(chunk.length))
        controller.abort(new InvalidAnswerError('The body comes in very small pieces'));
      else handler.onResponseData?.(controller, chunk);
    },
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, named(error, lengths)),
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
