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
