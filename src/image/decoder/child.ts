import { configureDecoder, decode } from '../decode.ts';
import { serveDecoder } from './serve.ts';

/** The program of a decoder process (`process.ts` starts it). */
configureDecoder();
serveDecoder(decode);
